/** What a member works on while the next answer is fetched: a batch a partition, and not too many bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AHEAD_BYTES_MAX, BatchesInHand } from '../../src/kafka/batches-in-hand.js';

function held(): { run: (signal: AbortSignal) => Promise<void>; end: () => void } {
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  return {
    end: () => end(),
    run: (signal) =>
      new Promise((resolve, reject) => {
        void ended.then(resolve);
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      }),
  };
}

test('batches of one answer share its bytes; beyond the bound nothing is fetched until one answer is through', async () => {
  const inHand = new BatchesInHand();
  const answer = new ArrayBuffer(AHEAD_BYTES_MAX);
  const [one, two, three] = [held(), held(), held()];
  const first = inHand.begin(0, [answer], one.run);
  const second = inHand.begin(1, [answer], two.run);
  assert.equal(inHand.hasRoom, true, 'one answer');
  const third = inHand.begin(2, [new ArrayBuffer(1)], three.run);
  assert.equal(inHand.hasRoom, false, 'and a byte');
  one.end();
  await first.done;
  assert.equal(inHand.of(0), undefined);
  assert.equal(inHand.hasRoom, false, 'another batch still stands in that answer');
  two.end();
  await second.done;
  assert.equal(inHand.hasRoom, true);
  three.end();
  await third.done;
});

test('what is broken off is through; what fails for another reason says so', async () => {
  const inHand = new BatchesInHand();
  const { done } = inHand.begin(0, [], held().run);
  inHand.breakOff(new Error('leaving'));
  await done;
  await inHand.finished();
  const late = inHand.begin(0, [], (signal) =>
    held()
      .run(signal)
      .catch(() => {
        throw new Error('a defect on the way out');
      }),
  );
  inHand.breakOff(new Error('leaving'));
  await assert.rejects(late.done, /a defect on the way out/);
  const failed = inHand.begin(0, [], () => Promise.reject(new Error('a defect')));
  await assert.rejects(failed.done, /a defect/);
  assert.equal(inHand.of(0), undefined);
});
