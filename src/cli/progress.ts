import { SingleBar } from 'cli-progress';

/** Rate, done/total and time left on a terminal; nothing where stderr is not one. */
export interface Progress extends Disposable {
  update(done: number): void;
}

const QUIET: Progress = { update: () => undefined, [Symbol.dispose]: () => undefined };

/** @param what is done, as in "events produced" */
export function startProgress(stream: NodeJS.WriteStream, what: string, total: number): Progress {
  if (!stream.isTTY) return QUIET;
  const started = performance.now();
  const bar = new SingleBar({
    format: `  {bar} {value}/{total} ${what} · {rate}/s · {eta_formatted} left`,
    stream,
    clearOnComplete: true,
    hideCursor: true,
    barsize: 24,
    etaBuffer: 50,
  });
  bar.start(total, 0, { rate: 0 });
  return {
    update: (done) =>
      bar.update(done, { rate: Math.round((done * 1000) / Math.max(1, performance.now() - started)) }),
    [Symbol.dispose]: () => bar.stop(),
  };
}
