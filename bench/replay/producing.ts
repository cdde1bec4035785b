import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { ended } from '../../chaos/children.js';
import type { Production } from './paced-producer.js';

/** Writes events at a rate until it is disposed of. */
export class Producing implements AsyncDisposable {
  private constructor(private readonly child: ChildProcess) {}

  static async start(production: Production): Promise<Producing> {
    const program = fileURLToPath(new URL('./paced-producer.js', import.meta.url));
    const child = fork(program, [JSON.stringify(production)]);
    const failed = ended(child).then(() => {
      throw new Error(`the producer ended with code ${child.exitCode}`);
    });
    await Promise.race([once(child, 'message'), failed]);
    failed.catch(() => undefined);
    return new Producing(child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.connected) this.child.send('stop');
    await ended(this.child);
  }
}
