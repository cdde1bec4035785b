const MARK = 'outrider-mark';

/** The environment in which a command and its workers say on stderr what they have reached; see start-probe.ts. */
export function withProbe(): Readonly<Record<string, string>> {
  const probe = new URL('./start-probe.js', import.meta.url).href;
  return { NODE_OPTIONS: [process.env.NODE_OPTIONS ?? '', `--import=${probe}`].join(' ').trim() };
}

/** What was reached, and when. */
export interface Mark {
  readonly name: string;
  /** Of the clock on the wall, ms. */
  readonly atMs: number;
  /** CPU time that the process has taken until then, ms. */
  readonly cpuMs: number;
}

/** A line that says what is reached. @param atMs Unix ms */
export function markLine({ name, atMs, cpuMs }: Mark): string {
  return `${MARK} ${atMs} ${cpuMs} ${name}\n`;
}

/** @returns the first of each name, in the order in which they were reached; times count from `startedAtMs`, Unix ms */
export function marksIn(text: string, startedAtMs: number): readonly Mark[] {
  const marks = [...text.matchAll(new RegExp(`^${MARK} (\\S+) (\\S+) (.+)$`, 'gm'))]
    .map(([, at, cpu, name]) => ({
      name: name as string,
      atMs: Number(at) - startedAtMs,
      cpuMs: Number(cpu),
    }))
    .sort((a, b) => a.atMs - b.atMs);
  return marks.filter(({ name }, i) => marks.findIndex((mark) => mark.name === name) === i);
}
