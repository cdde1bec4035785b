/** The part of kafkajs's consumer group that starts partitions again. */
interface ResumableGroup {
  resume(partitions: readonly object[]): void;
}

const sleepers = new Set<() => void>();

/**
 * In place of kafkajs's sleep, which its consumer group uses where all partitions of a broker are paused: it looks again
 * after as long as a fetch may take. At every assignment all of them are paused, until they are fenced: here resuming one
 * ends the sleep. Whose it was does not matter: everybody who sleeps looks for something, and sleeps on without it.
 */
export function sleepUntilResumed(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      sleepers.delete(wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    sleepers.add(wake);
  });
}

/** @param load kafkajs's modules by path */
export function wakeOnResume(load: (path: string) => unknown): void {
  const { prototype } = load('kafkajs/src/consumer/consumerGroup') as { prototype: ResumableGroup };
  const { resume } = prototype;
  prototype.resume = function (partitions) {
    resume.call(this, partitions);
    for (const wake of [...sleepers]) wake();
  };
}
