import { MissingRemoteError, UnreachableError } from '../errors.js';
import { parseSchema } from './avro-schema.js';
import { schemaFingerprint } from './fingerprint.js';
import { REGISTRY_TIMEOUT_MS, RegistryHttp, type RegistryOptions } from './registry-http.js';

/** Another subject's schema that this one names. */
export interface SchemaReference {
  readonly name: string;
  readonly subject: string;
  readonly version: number;
}

/** A schema as a registry holds it. */
export interface RegisteredSchema {
  readonly text: string;
  /** `AVRO`, `JSON`, `PROTOBUF`, or what else it says. */
  readonly schemaType: string;
  readonly references: readonly SchemaReference[];
}

/** What is not there, or cannot be used, and why. */
export interface Absent {
  readonly why: string;
}

/** Versions of a subject, the newest first, that are compared with Outrider's own schema. */
const COMPARED_VERSIONS_MAX = 20;

/** The questions that Outrider asks a Confluent-compatible registry. Each throws what RegistryHttp.request throws. */
export class RegistryClient {
  private readonly http: RegistryHttp;

  constructor(
    private readonly options: RegistryOptions,
    timeoutMs = REGISTRY_TIMEOUT_MS,
  ) {
    this.http = new RegistryHttp(options, timeoutMs);
  }

  /** Asks for the subjects, to see that it answers and lets us in. */
  async ping(signal: AbortSignal): Promise<void> {
    await this.http.request('GET', '/subjects', undefined, signal);
  }

  byId(id: string, signal: AbortSignal): Promise<RegisteredSchema | Absent> {
    return this.schemaAt(`/schemas/ids/${id}`, signal);
  }

  version(subject: string, version: number, signal: AbortSignal): Promise<RegisteredSchema | Absent> {
    return this.schemaAt(`/subjects/${encodeURIComponent(subject)}/versions/${version}`, signal);
  }

  /** Version numbers, the newest last; empty where there is no such subject. */
  async versions(subject: string, signal: AbortSignal): Promise<readonly number[]> {
    const path = `/subjects/${encodeURIComponent(subject)}/versions`;
    const answer = await this.http.request('GET', path, undefined, signal);
    if (answer.kind === 'absent') return [];
    const body = answer.kind === 'found' ? answer.body : null;
    if (!Array.isArray(body) || !body.every((version) => Number.isInteger(version)))
      throw this.garbage('GET', path);
    return (body as number[]).sort((a, b) => a - b);
  }

  /**
   * The id of a schema of ours, by Confluent's TopicNameStrategy; registered where it is not there and `register` is on.
   * @throws MissingRemoteError where it is not there and `register` is off
   */
  async idOf(subject: string, schema: string, signal: AbortSignal): Promise<number> {
    const known = await this.lookUp(subject, schema, signal);
    if (known !== null) return known;
    if (!this.options.register) {
      throw new MissingRemoteError(
        `registry ${this.http.url}: subject ${subject} does not hold the schema that would be written; register it, or set input.registry.register: true`,
      );
    }
    const path = `/subjects/${encodeURIComponent(subject)}/versions`;
    return this.idFrom('POST', path, await this.http.request('POST', path, { schema }, signal));
  }

  /**
   * The id under which a subject holds a schema, however it is spelt there. Registries compare texts, at best after
   * sorting attributes; what counts here is that the bytes are the same (Avro's Parsing Canonical Form).
   * @returns null where it does not
   */
  async lookUp(subject: string, schema: string, signal: AbortSignal): Promise<number | null> {
    const path = `/subjects/${encodeURIComponent(subject)}`;
    for (const query of ['', '?normalize=true']) {
      const answer = await this.http.request('POST', path + query, { schema }, signal);
      if (answer.kind !== 'absent') return this.idFrom('POST', path, answer);
    }
    const wanted = schemaFingerprint(parseSchema(schema));
    const versions = (await this.versions(subject, signal)).slice(-COMPARED_VERSIONS_MAX).reverse();
    for (const version of versions) {
      const versionPath = `${path}/versions/${version}`;
      const answer = await this.http.request('GET', versionPath, undefined, signal);
      if (answer.kind === 'found' && isSame(answer.body, wanted))
        return this.idFrom('GET', versionPath, answer);
    }
    return null;
  }

  /** Whether a subject would take a schema by its compatibility rule. */
  async wouldTake(subject: string, schema: string, signal: AbortSignal): Promise<boolean> {
    const path = `/compatibility/subjects/${encodeURIComponent(subject)}/versions/latest`;
    const answer = await this.http.request('POST', path, { schema }, signal);
    if (answer.kind === 'absent') return true;
    const compatible =
      answer.kind === 'found' && isRecord(answer.body) ? answer.body.is_compatible : undefined;
    if (typeof compatible !== 'boolean') throw this.garbage('POST', path);
    return compatible;
  }

  private async schemaAt(path: string, signal: AbortSignal): Promise<RegisteredSchema | Absent> {
    const answer = await this.http.request('GET', path, undefined, signal);
    if (answer.kind === 'absent') return { why: `the registry does not have it: ${answer.why}` };
    if (answer.kind === 'too-large') return { why: "the registry's answer is too large" };
    return registeredSchema(answer.body) ?? Promise.reject(this.garbage('GET', path));
  }

  private idFrom(method: string, path: string, answer: { kind: string; body?: unknown }): number {
    const id = isRecord(answer.body) ? answer.body.id : undefined;
    if (typeof id !== 'number' || !Number.isInteger(id)) throw this.garbage(method, path);
    return id;
  }

  private garbage(method: string, path: string): UnreachableError {
    return new UnreachableError(
      `registry ${this.http.url}: ${method} ${path}: not an answer of a schema registry`,
    );
  }
}

export function isAbsent(found: RegisteredSchema | Absent): found is Absent {
  return 'why' in found;
}

/** @returns null for what has not the shape of a registry's answer */
function registeredSchema(body: unknown): RegisteredSchema | null {
  if (!isRecord(body) || typeof body.schema !== 'string') return null;
  const { schema: text, schemaType = 'AVRO', references = [] } = body;
  if (typeof schemaType !== 'string' || !Array.isArray(references) || !references.every(isReference))
    return null;
  return { text, schemaType, references };
}

function isReference(value: unknown): value is SchemaReference {
  return (
    isRecord(value) &&
    typeof value.name === 'string' &&
    typeof value.subject === 'string' &&
    Number.isInteger(value.version)
  );
}

function isSame(body: unknown, wanted: bigint): boolean {
  const found = registeredSchema(body);
  if (found?.schemaType !== 'AVRO' || found.references.length > 0) return false;
  try {
    return schemaFingerprint(parseSchema(found.text)) === wanted;
  } catch {
    // Not a schema that can be read: not ours.
    return false;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
