import { constants, setPriority } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';
import { AnswerNoError } from '../errors.js';
import { runWorker } from '../fleet/run-worker.js';
import { KafkaAdmin } from '../kafka/admin.js';
import { prepareJudge, prepareReading } from '../pipeline/setup.js';
import { modelText, replayConfig, verdictDigest } from '../replay/replay-config.js';
import { replayMission } from '../replay/worker/replay-mission.js';
import { startedReplay } from '../replay/worker/started-replay.js';
import type { CliContext, CommonOptions } from './context.js';
import { common, number } from './options.js';
import { replayedConfig } from './replay-options.js';
import { supervisorChannel } from './supervisor-channel.js';

interface ReplayWorkerOptions extends CommonOptions {
  readonly id: string;
  readonly model?: string;
  readonly clip?: boolean;
  readonly maxRate?: number;
}

/** What `replay run` forks. Not in the help: it does nothing that was not started with `replay run`. */
export function replayWorkerCommand(replay: Command, context: CliContext): void {
  common(
    replay
      .command('worker', { hidden: true })
      .description('one process of a replay, forked by `replay run`')
      .requiredOption('--id <id>', 'the replay')
      .option('--model <folder>', 'the model that judges [detector.model]')
      .option('--clip', 'go on behind what retention has deleted')
      .option('--max-rate <n>', 'events a second at most, of this worker', positiveRate),
    'outrider replay worker --id new-model',
  ).action(async (options: ReplayWorkerOptions) => work(options, context));
}

async function work(options: ReplayWorkerOptions, context: CliContext): Promise<void> {
  // The fleet beside it comes first.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  const live = replayedConfig(options, context);
  const log = context.createLog(options.logLevel);
  const { id, clip = false } = options;
  const replay = await (async () => {
    await using admin = new KafkaAdmin(live.kafka, log);
    return await startedReplay(admin, live.group, live.input.topic, id, context.signal);
  })();
  if (replay === null)
    throw new AnswerNoError(
      `replay '${id}' of group ${live.group} is not known; start it with: outrider replay run`,
    );
  const reading = prepareReading(live);
  const judge = await prepareJudge(live, reading);
  if (modelText(judge) !== replay.spec.model || verdictDigest(live, reading, judge) !== replay.spec.digest)
    throw new AnswerNoError(
      `replay '${id}' was started with ${replay.spec.model}; model or configuration have changed since, and its verdicts would be of two kinds`,
    );
  const config = replayConfig(live, id, replay.spec);
  await runWorker({
    config,
    clock: Date.now,
    log,
    stopAtEnd: false,
    supervisor: supervisorChannel(context),
    signal: context.signal,
    mission: replayMission({
      config,
      liveGroup: live.group,
      replay,
      clip,
      eventsPerSecondMax: options.maxRate ?? null,
      clock: Date.now,
      log,
      signal: context.signal,
    }),
  });
}

function positiveRate(text: string): number {
  const rate = number(text);
  if (rate <= 0) throw new InvalidArgumentError('a number above 0 is wanted');
  return rate;
}
