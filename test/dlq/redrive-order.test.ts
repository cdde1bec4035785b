/** Random kills do not find a step that is in the wrong place: these take aim. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/load.js';
import { prepareRedrive } from '../../src/dlq/prepare-redrive.js';
import { type RedriveOptions, redrive } from '../../src/dlq/redrive.js';
import type { LetterWriter } from '../../src/dlq/redrive-writer.js';
import { FencedError, OutcomeUnknownError, UnreachableError } from '../../src/errors.js';
import { KafkaAdmin } from '../../src/kafka/admin.js';
import type { RecordTransport } from '../../src/ports.js';
import { learnLaterSchema, produceLater, runToEnd } from '../support/dead-letters.js';
import { Scenario, fingerprintOf, log } from '../support/scenario.js';

/** Two transactions of letters. */
const LETTERS = 6000;

class Crash extends Error {}

/** A topic of dead letters that can be read by now, and what a fleet makes of their events. */
async function deadLetters(
  scenario: Scenario,
): Promise<{ file: string; verify: () => Promise<void>; options: () => Promise<RedriveOptions> }> {
  await scenario.train();
  await produceLater(scenario, 0, LETTERS);
  const live = await scenario.configure('live');
  await runToEnd(live.file);
  learnLaterSchema(scenario);
  const config = loadConfig(live.file, {});
  const admin = new KafkaAdmin(config.kafka, log);
  return {
    file: live.file,
    options: () =>
      prepareRedrive({
        config,
        from: 'earliest',
        to: 'latest',
        filter: { reasons: new Set(['unknown-schema']), schema: null, entity: null },
        limit: Infinity,
        into: 'pipeline',
        attemptsMax: 5,
        isDryRun: false,
        clock: Date.now,
        admin,
        log,
        signal: new AbortController().signal,
        onProgress: () => undefined,
      }),
    verify: async () => {
      await admin[Symbol.asyncDispose]();
      const known = await scenario.configure('known');
      await runToEnd(known.file);
      const [found, expected] = [await scenario.read(live), await scenario.read(known)];
      assert.deepEqual(
        fingerprintOf({ ...found, deadLetters: [] }),
        fingerprintOf({ ...expected, deadLetters: [] }),
      );
      assert.equal(found.deadLetters.length, LETTERS + LETTERS / 100);
      await scenario.admin.deleteTopics([`${live.group}.redriven`, `${live.deadLetters}.parked`]);
    },
  };
}

/** Puts something around each call of a redrive's writers. */
function around(
  options: RedriveOptions,
  change: (own: LetterWriter) => Partial<LetterWriter>,
): RedriveOptions {
  return {
    ...options,
    writerFor: (partition) => {
      const own = options.writerFor(partition);
      return {
        fence: () => own.fence(),
        write: (send) => own.write(send),
        discard: () => own.discard(),
        ...change(own),
      };
    },
  };
}

test('wherever between two commits a redrive ends, the next one does the rest and nothing twice', async () => {
  await using scenario = await Scenario.create(1);
  const { options, verify } = await deadLetters(scenario);
  for (let crashAfter = 1; crashAfter <= 3; crashAfter++) {
    let writes = 0;
    const crashing = around(await options(), (own) => ({
      write: async (send) => {
        const sent = await own.write(send);
        if (++writes === crashAfter) throw new Crash();
        return sent;
      },
    }));
    const { taken } = await redrive(crashing).then(
      (tally) => tally,
      (error: unknown) => {
        assert.ok(error instanceof Crash);
        return { taken: null };
      },
    );
    // The mark, then two transactions: what is left when the first two redrives have crashed is less than that.
    if (crashAfter <= 2) assert.equal(taken, null);
  }
  await redrive(await options());
  await verify();
});

test('a commit that comes through while its successor takes over is not done again', async () => {
  await using scenario = await Scenario.create(1);
  const { options, verify } = await deadLetters(scenario);
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  let held = (): void => undefined;
  const isHeld = new Promise<void>((resolve) => (held = resolve));
  let over = (): void => undefined;
  const isOver = new Promise<void>((resolve) => (over = resolve));
  let committed = (): void => undefined;
  const isCommitted = new Promise<void>((resolve) => (committed = resolve));
  let writes = 0;
  const first = redrive(
    around(await options(), (own) => ({
      write: async (send) => {
        writes++;
        if (writes > 2) await isOver;
        if (writes !== 2) return own.write(send);
        // Everything is sent; the commit waits until the successor is about to fence.
        const sent = await own.write(async (via: RecordTransport) => {
          const result = await send(via);
          held();
          await released;
          return result;
        });
        committed();
        return sent;
      },
    })),
  ).catch((error: unknown) => error);
  await isHeld;
  const second = await redrive(
    around(await options(), (own) => ({
      fence: async () => {
        release();
        await isCommitted;
        return own.fence();
      },
    })),
  ).finally(over);
  assert.match(String(await first), /another redrive of group \S+ has taken over/);
  assert.equal(second.taken + second.passedOver.done, LETTERS);
  assert.ok(second.passedOver.done >= 4096, `${second.passedOver.done} were done by the first`);
  await verify();
});

test('a commit whose answer is lost is looked up, not repeated', async () => {
  await using scenario = await Scenario.create(1);
  const { options, verify } = await deadLetters(scenario);
  let writes = 0;
  const tally = await redrive(
    around(await options(), (own) => ({
      write: async (send) => {
        const sent = await own.write(send);
        if (++writes === 2) throw new OutcomeUnknownError('the answer is lost');
        return sent;
      },
    })),
  );
  assert.equal(tally.taken, LETTERS);
  await verify();
});

test('a commit that is in doubt is not forgotten over a fence that fails: the limit holds', async () => {
  await using scenario = await Scenario.create(1);
  const { options, verify } = await deadLetters(scenario);
  const limit = 100;
  let writes = 0;
  let fences = 0;
  const plan = around(await options(), (own) => ({
    fence: async () => {
      if (++fences === 2) throw new UnreachableError('the broker is still away');
      await own.fence();
    },
    write: async (send) => {
      const sent = await own.write(send);
      if (++writes === 2) throw new OutcomeUnknownError('the answer is lost');
      return sent;
    },
  }));
  const tally = await redrive({ ...plan, limit });
  assert.equal(tally.taken, limit);
  const rest = await redrive(await options());
  assert.deepEqual([rest.taken, rest.passedOver.done], [LETTERS - limit, limit]);
  await verify();
});

test('who is asked to stop commits what it has, and fences nobody any more', async () => {
  await using scenario = await Scenario.create(1);
  const { options, verify } = await deadLetters(scenario);
  const asked = new AbortController();
  let fences = 0;
  const plan = around(await options(), (own) => ({
    fence: async () => {
      fences++;
      await own.fence();
    },
    write: async (send) => {
      const sent = await own.write(send);
      asked.abort();
      throw new FencedError(`somebody else, after ${String(sent)}`);
    },
  }));
  const tally = await redrive({ ...plan, signal: asked.signal });
  assert.deepEqual([tally.isComplete, fences], [false, 1]);
  await redrive(await options());
  await verify();
});
