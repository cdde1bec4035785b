/** The process that writes what a live fleet reads: so many events a second, each with the time at which it is written. */
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { seededRandom } from '../../src/detect/random.js';
import { localKafka } from '../../src/kafka/local-config.js';
import { PlainTransport } from '../../src/kafka/plain-transport.js';
import { Producer } from '../../src/publish/producer.js';
import { type BenchEvent, benchEvent } from '../bench-events.js';

export interface Production {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly eventsPerSecond: number;
}

/** Written again and again: none is on its way twice. */
const EVENTS = 65_536;
/** Of the frame, and of an id of three bytes, as those from ID_MIN on have. */
const TIME_AT = 13;
const ID_MIN = 16_384;
const TICK_MS = 10;
/** Of one request: what has to be caught up with goes out in several. */
const RECORDS_MAX = 4096;

const { brokers, topic, eventsPerSecond } = JSON.parse(process.argv[2] ?? '{}') as Production;
const random = seededRandom(3);
const events = Array.from({ length: EVENTS }, (_, i) => benchEvent(ID_MIN + i, Date.now(), random));

await using transport = new PlainTransport(localKafka(brokers), pino({ level: 'silent' }));
await transport.connect();
const producer = new Producer({ transport, batchBytesMax: () => 500_000 });
const stopping = new AbortController();
process.once('message', () => stopping.abort());
process.once('disconnect', () => process.exit());
const started = performance.now();
let written = 0;
process.send?.('started');
while (!stopping.signal.aborted) {
  const due = Math.floor(((performance.now() - started) / 1000) * eventsPerSecond) - written;
  const count = Math.min(due, RECORDS_MAX);
  if (count > 0) {
    const now = Date.now();
    const records = Array.from({ length: count }, (_, i) => {
      const event = events[(written + i) % EVENTS] as BenchEvent;
      writeTime(event.value, now);
      return { topic, ...event, headers: [] };
    });
    await producer.sendAll(records);
    written += count;
  }
  if (due <= RECORDS_MAX) await delay(TICK_MS);
}
process.disconnect?.();

/** An Avro long, zigzag and seven bits a byte, over the one that stands there: of six bytes until the year 2039. */
function writeTime(value: Buffer, timeMs: number): void {
  let rest = timeMs * 2;
  for (let i = 0; i < 6; i++) {
    value[TIME_AT + i] = (rest % 128) + (i < 5 ? 128 : 0);
    rest = Math.floor(rest / 128);
  }
}
