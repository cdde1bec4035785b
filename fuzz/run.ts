/**
 * `npm run fuzz -- --seed N --payloads N`: hostile payloads through the decoder, over generated pairs of writer and
 * reader schema and all three framings. Checks on each that it is an event or a typed reject, that nothing is thrown
 * and no prototype changed; on valid ones that every field is what avsc's own resolver says; measures time and memory.
 * Exit 1, with the seed and the payload in hex, where a claim does not hold.
 */
import { parseArgs } from 'node:util';
import { FRAME_BYTES, type Encoding } from '../src/decode/wire-format.js';
import { seededRandom } from '../src/detect/random.js';
import { AvroPair } from '../test/support/avro-pair.js';
import { below } from '../test/support/avro-schemas.js';
import { brokenClaim, difference } from '../test/support/decode-claims.js';
import { hostileBody } from '../test/support/hostile-payloads.js';
import { SlowestPayload } from './slowest-payload.js';

const { values: flags } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    payloads: { type: 'string', default: '1000000' },
    json: { type: 'boolean', default: false },
  },
});
const seed = Number(flags.seed);
const payloads = Number(flags.payloads);

const ENCODINGS: readonly Encoding[] = ['single-object', 'confluent', 'raw'];
/** Payloads that one pair of schemas is given. */
const PAYLOADS_A_PAIR = 3000;
const VALID_A_PAIR = 12;
/** What a payload may cost, those below a kilobyte as one: docs/RELIABILITY.md, "Hostile input". */
const MS_PER_KILOBYTE_MAX = 1;

const counts = { payloads: 0, bytes: 0, pairs: 0, events: 0, compared: 0 };
const rejects = new Map<string, number>();
const slowest = new SlowestPayload();
const started = performance.now();

class Broken extends Error {
  constructor(
    claim: string,
    readonly pairSeed: number,
    readonly encoding: Encoding,
    readonly value: Buffer,
    readonly pair: AvroPair,
  ) {
    super(claim);
  }
}

async function fuzzPair(pairSeed: number, count: number): Promise<void> {
  const random = seededRandom(pairSeed);
  const pair = AvroPair.random(random, 1 + below(random, 60));
  counts.pairs++;
  for (const encoding of ENCODINGS) {
    const check = (claim: string | null, value: Buffer): void => {
      if (claim !== null) throw new Broken(claim, pairSeed, encoding, value, pair);
    };
    const valid = Array.from({ length: VALID_A_PAIR }, () => pair.body(random, encoding));
    for (const body of valid) {
      check(await difference(pair, encoding, body), pair.framed(encoding, body));
      counts.compared++;
    }
    for (let i = 0; i < count / ENCODINGS.length; i++) {
      const value = pair.framed(encoding, hostileBody(random, valid));
      // Now and then the frame is hostile too.
      if (random() < 0.01 && value.length > 0)
        value[below(random, FRAME_BYTES[encoding] + 1) % value.length] = below(random, 256);
      const before = performance.now();
      const claim = await brokenClaim(pair, encoding, value);
      const elapsedMs = performance.now() - before;
      check(claim, value);
      if (slowest.isCandidate(elapsedMs, value)) {
        const msPerKilobyte = await slowest.measure(pair, encoding, value);
        if (msPerKilobyte > MS_PER_KILOBYTE_MAX) check(`${msPerKilobyte.toFixed(2)} ms a kilobyte`, value);
      }
      counts.payloads++;
      counts.bytes += value.length;
      if (i % 50 === 0) await tally(pair, encoding, value);
    }
  }
}

/** Every fiftieth: how much of it gets where. */
async function tally(pair: AvroPair, encoding: Encoding, value: Buffer): Promise<void> {
  const { rows, rejects: found } = await pair.decode(encoding, [value]);
  counts.events += rows;
  for (const { message } of found) {
    const kind = message.replace(/'[^']*'|\d+|[a-z.]*\b[A-Z]\w*\b/g, '…').slice(0, 50);
    rejects.set(kind, (rejects.get(kind) ?? 0) + 1);
  }
}

async function main(): Promise<number> {
  try {
    for (let pair = 0; counts.payloads < payloads; pair++) {
      await fuzzPair(seed * 1_000_003 + pair, Math.min(PAYLOADS_A_PAIR, payloads - counts.payloads));
      if (pair % 500 === 499) process.stderr.write(`  ${counts.payloads} payloads\n`);
    }
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    const { message, pairSeed, encoding, value, pair } = error;
    process.stderr.write(
      `broken: ${message}\nseed ${seed}, pair ${pairSeed}, ${encoding}\n` +
        `writer ${JSON.stringify(pair.written.schema)}\nreader ${JSON.stringify(pair.read.schema)}\n` +
        `fields ${JSON.stringify(pair.fields)}\n${value.toString('hex')}\n`,
    );
    return 1;
  }
  report();
  return 0;
}

function report(): void {
  const seconds = (performance.now() - started) / 1000;
  const peakMegabytes = process.resourceUsage().maxRSS / 1024;
  const summary = {
    seed,
    ...counts,
    eventsShare: (counts.events * 50) / counts.payloads,
    slowestMsPerKilobyte: slowest.msPerKilobyte,
    slowestBytes: slowest.bytes,
    peakMegabytes,
    seconds,
  };
  if (flags.json) {
    process.stdout.write(`${JSON.stringify(summary)}\n`);
    return;
  }
  process.stdout.write(
    `seed ${seed}: ${counts.payloads} payloads, ${Math.round(counts.bytes / 2 ** 20)} MiB, ${counts.pairs} pairs of schemas, ` +
      `${counts.compared} valid ones compared with avsc, no claim broken\n` +
      `about ${Math.round(summary.eventsShare * 100)} % were events; slowest ${slowest.msPerKilobyte.toFixed(3)} ms a kilobyte ` +
      `(${slowest.bytes} bytes), peak memory ${Math.round(peakMegabytes)} MB, ${Math.round(seconds)} s\n`,
  );
  for (const [kind, count] of [...rejects].sort(([, a], [, b]) => b - a).slice(0, 15))
    process.stdout.write(`  ${String(count * 50).padStart(9)}  ${kind}\n`);
}

process.exitCode = await main();
