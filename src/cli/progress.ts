import { SingleBar } from 'cli-progress';

/** Rate, done/total and time left on a terminal; nothing where stderr is not one. */
export interface Progress extends Disposable {
  /**
   * @param total where it has turned out to be another one than at the start
   * @param detail stands at the end of the line
   */
  update(done: number, total?: number, detail?: string): void;
}

const QUIET: Progress = { update: () => undefined, [Symbol.dispose]: () => undefined };

/**
 * @param stream stderr; null to stay quiet
 * @param what is done, as in "records"
 * @param total 0 where nobody knows: then only what is done and how fast
 * @param before what was done of it earlier
 */
export function startProgress(
  stream: NodeJS.WriteStream | null,
  what: string,
  total: number,
  before = 0,
): Progress {
  if (stream?.isTTY !== true) return QUIET;
  const started = performance.now();
  const format =
    total === 0
      ? `  {value} ${what} · {rate}/s`
      : `  {bar} {value}/{total} ${what} · {rate}/s · {eta_formatted} left  {detail}`;
  const bar = new SingleBar({
    format,
    stream,
    clearOnComplete: true,
    hideCursor: true,
    barsize: 24,
    etaBuffer: 50,
  });
  bar.start(total, before, { rate: 0, detail: '' });
  return {
    update: (done, newTotal, detail = '') => {
      if (newTotal !== undefined) bar.setTotal(newTotal);
      const rate = ((done - before) * 1000) / Math.max(1, performance.now() - started);
      bar.update(done, { rate: rate < 10 ? rate.toFixed(1) : Math.round(rate), detail });
    },
    [Symbol.dispose]: () => bar.stop(),
  };
}

/** A line on a terminal while something goes on that does not say how far it is. */
export function startNote(stream: NodeJS.WriteStream, text: string): Disposable {
  if (!stream.isTTY) return { [Symbol.dispose]: () => undefined };
  stream.write(`  ${text}`);
  return { [Symbol.dispose]: () => stream.write('\r\x1b[K') };
}

const ROWS_PER_UPDATE = 1000;

/** Passes rows on and counts them. */
export async function* counted<T>(rows: AsyncIterable<T>, progress: Progress): AsyncGenerator<T> {
  let done = 0;
  for await (const row of rows) {
    yield row;
    if (++done % ROWS_PER_UPDATE === 0) progress.update(done);
  }
  progress.update(done);
}
