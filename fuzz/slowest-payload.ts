import type { Encoding } from '../src/decode/wire-format.js';
import type { AvroPair } from '../test/support/avro-pair.js';

/** Runs that a suspect is given: the fastest counts, so that a pause of the machine is not the payload's. */
const RUNS = 7;

/** Keeps the slowest payload by its bytes, those below a kilobyte as one. */
export class SlowestPayload {
  msPerKilobyte = 0;
  bytes = 0;

  isCandidate(elapsedMs: number, value: Buffer): boolean {
    return elapsedMs / kilobytes(value) > this.msPerKilobyte;
  }

  /** @returns milliseconds a kilobyte, of the fastest of some runs */
  async measure(pair: AvroPair, encoding: Encoding, value: Buffer): Promise<number> {
    let fastest = Infinity;
    for (let run = 0; run < RUNS; run++) {
      const started = performance.now();
      await pair.decode(encoding, [value]);
      fastest = Math.min(fastest, performance.now() - started);
    }
    const msPerKilobyte = fastest / kilobytes(value);
    if (msPerKilobyte > this.msPerKilobyte) {
      this.msPerKilobyte = msPerKilobyte;
      this.bytes = value.length;
    }
    return msPerKilobyte;
  }
}

function kilobytes(value: Buffer): number {
  return Math.max(1, value.length / 1024);
}
