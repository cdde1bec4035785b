import { setTimeout as delay } from 'node:timers/promises';
import { localKafka } from '../../src/kafka/local-config.js';
import { LogEnds } from '../../src/kafka/log-ends.js';
import { readTopic } from '../../src/kafka/topic-reader.js';
import { replayGroup, replayTopic } from '../../src/replay/replay-names.js';
import type { BenchTopic } from '../bench-topic.js';
import type { BenchContext, PartResult } from './bench-context.js';
import { removeReplay, startReplay } from './replay-command.js';
import { Rows } from './rows.js';
import { type Mark, marksIn, withProbe } from './start-marks.js';

const POLL_MS = 5;
const LIMIT_MS = 60_000;
const ASK_TIMEOUT_MS = 5000;

interface Bounds {
  readonly name: string;
  /** As the command line takes it. */
  readonly from: string;
  /** The offset that it stands for, by partition. */
  readonly starts: ReadonlyMap<number, number>;
}

interface StartSample {
  readonly committedSeconds: number;
  readonly visibleSeconds: number;
  /** After the start of the command; of a run with the probe. */
  readonly marks: readonly Mark[];
}

/** How long it takes from the start of the command until the first events are scored and committed. */
export async function startPart(bench: BenchTopic, runs: number, context: BenchContext): Promise<PartResult> {
  const middle = Math.floor(bench.events / 4 / 2);
  const partitions = [...(await bench.admin.ends(bench.topic)).keys()];
  const each = (offset: number): ReadonlyMap<number, number> => new Map(partitions.map((p) => [p, offset]));
  const timeMs = await timeAt(bench, middle, context);
  const bounds: readonly Bounds[] = [
    { name: 'an offset in the middle', from: String(middle), starts: each(middle) },
    {
      name: 'a time in the middle',
      from: new Date(timeMs).toISOString(),
      starts: await bench.admin.atTime(bench.topic, timeMs),
    },
    { name: 'the beginning', from: 'earliest', starts: each(0) },
  ];
  const rows = new Rows();
  for (let run = 1; run <= runs; run++)
    for (const bound of bounds) {
      const { name } = bound;
      const { committedSeconds, visibleSeconds } = await startOnce(bench, `start-${run}`, bound, {}, context);
      rows.add(`from ${name}: first offsets committed`, 's', committedSeconds);
      rows.add(`from ${name}: first record to be read on the output`, 's', visibleSeconds);
      context.say(`  run ${run}: from ${name} ${visibleSeconds.toFixed(2)} s`);
    }
  // Apart from the others: the probe costs some of the time that it measures.
  for (let run = 1; run <= runs; run++) {
    const { marks } = await startOnce(bench, `marks-${run}`, bounds[0] as Bounds, withProbe(), context);
    for (const { name, atMs, cpuMs } of marks) {
      rows.add(`with the probe: ${name}`, 'ms', atMs);
      rows.add(`with the probe: ${name}, after CPU time of`, 'ms', cpuMs);
    }
  }
  return { title: `Start, ${bench.events} events`, rows: rows.all() };
}

async function startOnce(
  bench: BenchTopic,
  id: string,
  { from, starts }: Bounds,
  environment: Readonly<Record<string, string>>,
  context: BenchContext,
): Promise<StartSample> {
  const { watch, log, signal } = context;
  const { file, topic, group } = bench.configure('exactly-once', 'none');
  const own = replayGroup(group, id);
  const deadlineMs = performance.now() + LIMIT_MS;
  await using ends = new LogEnds(
    localKafka(bench.brokers),
    replayTopic(`${topic}.anomalies`, id),
    ASK_TIMEOUT_MS,
    log,
  );
  await using running = startReplay(file, id, ['--from', from], environment);
  const startedAtMs = Date.now();
  const until = async (isReached: () => Promise<boolean>): Promise<number> => {
    while (!(await isReached())) {
      running.failIfFailed();
      if (performance.now() > deadlineMs) throw new Error(`no event is scored after ${LIMIT_MS} ms`);
      await delay(POLL_MS, undefined, { signal });
    }
    return (performance.now() - running.startedMs) / 1000;
  };
  const committedSeconds = await until(async () =>
    [...(await watch.committed(own, topic))].some(
      ([partition, offset]) => offset > (starts.get(partition) ?? Infinity),
    ),
  );
  const visibleSeconds = await until(async () => [...((await ends.ask()) ?? [])].some(([, end]) => end > 0));
  await running.stop();
  await removeReplay(file, id, context);
  return { committedSeconds, visibleSeconds, marks: marksIn(running.complaint, startedAtMs) };
}

/** The time of the record at an offset of partition 0, Unix ms. */
async function timeAt(bench: BenchTopic, offset: number, { log, signal }: BenchContext): Promise<number> {
  const reading = { kafka: localKafka(bench.brokers), topic: bench.topic, groupPrefix: 'bench', log, signal };
  const [from, to] = [new Map([[0, offset]]), new Map([[0, offset + 1]])];
  for await (const { records } of readTopic({ ...reading, from, to })) {
    const record = records.at(0);
    if (record !== undefined) return Number(record.timestamp);
  }
  throw new Error(`topic ${bench.topic} has no record at offset ${offset}`);
}
