import { generateKeyPairSync, sign } from 'node:crypto';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the token endpoint answers; `valid` is the only one that a broker takes. */
export type TokenAnswer = 'valid' | 'wrong-audience' | 'refused' | 'garbage' | 'mute' | 'failing';

/** An OAuth 2 token endpoint (client credentials) and the keys of its tokens, in this process. */
export class IdentityProvider implements AsyncDisposable {
  answer: TokenAnswer = 'valid';
  lifetimeS = 3600;
  /** Tokens that were given out. */
  readonly given: string[] = [];
  private readonly keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  private readonly server: Server;

  private constructor(
    private readonly clientId: string,
    private readonly clientSecret: string,
  ) {
    this.server = createServer((request, response) => this.handle(request, response));
  }

  static async start(clientId: string, clientSecret: string): Promise<IdentityProvider> {
    const provider = new IdentityProvider(clientId, clientSecret);
    await new Promise<void>((resolve) => provider.server.listen(0, '127.0.0.1', resolve));
    return provider;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private handle(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('content-type', 'application/json');
    if (request.url === '/jwks') {
      const jwk = { ...this.keys.publicKey.export({ format: 'jwk' }), kid: 'k1', use: 'sig', alg: 'RS256' };
      response.end(JSON.stringify({ keys: [jwk] }));
      return;
    }
    if (this.answer === 'mute') return;
    const credentials = Buffer.from(`${this.clientId}:${this.clientSecret}`).toString('base64');
    if (this.answer === 'refused' || request.headers.authorization !== `Basic ${credentials}`) {
      response.statusCode = 401;
      response.end(`{"error":"invalid_client","error_description":"not ${this.clientSecret}"}`);
    } else if (this.answer === 'failing') {
      response.statusCode = 503;
      response.end('{}');
    } else if (this.answer === 'garbage') {
      response.end(`<html>${this.clientSecret}</html>`);
    } else {
      const token = this.token(this.answer === 'valid' ? 'kafka' : 'somebody-else');
      this.given.push(token);
      response.end(JSON.stringify({ access_token: token, expires_in: this.lifetimeS, token_type: 'bearer' }));
    }
  }

  /** A JWT, RS256 (RFC 7515). */
  private token(audience: string): string {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: `${this.url}/`,
      aud: audience,
      sub: this.clientId,
      iat: now,
      exp: now + this.lifetimeS,
    };
    const head = `${encode({ alg: 'RS256', kid: 'k1', typ: 'JWT' })}.${encode({ ...claims, scope: 'kafka' })}`;
    return `${head}.${sign('RSA-SHA256', Buffer.from(head), this.keys.privateKey).toString('base64url')}`;
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
