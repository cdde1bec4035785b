import { pino } from 'pino';
import { loadConfig } from '../../src/config/load.js';
import { untilCommitted } from '../../src/fleet/end-offsets.js';
import { Worker } from '../../src/fleet/worker.js';
import { KafkaAdmin } from '../../src/kafka/admin.js';
import { prepareJudge, prepareReading } from '../../src/pipeline/setup.js';
import { openReplay } from '../../src/replay/open-replay.js';
import { modelText, replayConfig, verdictDigest } from '../../src/replay/replay-config.js';
import { replayMission } from '../../src/replay/worker/replay-mission.js';
import { replayRequest } from '../../src/replay/request/replay-request.js';

/** Each measured group has one replay, which is named after it: they write to topics of their own. */
export function replayIdOf(group: string): string {
  return group;
}

/** One worker replays the whole topic. @returns events a second, timed as `loop` times a live worker */
export async function replayRate(configFile: string): Promise<number> {
  const live = loadConfig(configFile, {});
  const log = pino({ level: 'silent' });
  const { signal } = new AbortController();
  await using admin = new KafkaAdmin(live.kafka, log);
  const reading = prepareReading(live);
  const judge = await prepareJudge(live, reading);
  const facts = { model: modelText(judge), digest: verdictDigest(live, reading, judge) };
  const id = replayIdOf(live.group);
  const request = replayRequest(live, id, { from: 'earliest' }, Date.now());
  const replay = await openReplay(request, facts, { admin, log, signal, clock: Date.now });
  if (replay === null) throw new Error('there is nothing to replay');
  const config = replayConfig(live, id, replay.spec);
  const mission = replayMission({
    ...{
      config,
      liveGroup: live.group,
      replay,
      clip: false,
      eventsPerSecondMax: null,
      clock: Date.now,
      log,
      signal,
    },
  });
  const worker = await Worker.create({ config, clock: Date.now, log, predecessor: null, mission });
  await worker.start();
  const started = performance.now();
  const ends = new Map(replay.partitions.map(({ partition, to }) => [partition, to]));
  await Promise.race([untilCommitted(admin, config.group, config.input.topic, ends, signal), worker.failed]);
  const seconds = (performance.now() - started) / 1000;
  await worker.stop();
  return replay.left / seconds;
}
