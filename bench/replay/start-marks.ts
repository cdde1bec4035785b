const MARK = 'outrider-mark';

/** The environment in which a command and its workers say on stderr what they have reached; see start-probe.ts. */
export function withProbe(): Readonly<Record<string, string>> {
  const probe = new URL('./start-probe.js', import.meta.url).href;
  return { NODE_OPTIONS: [process.env.NODE_OPTIONS ?? '', `--import=${probe}`].join(' ').trim() };
}

/** A line that says what is reached. */
export function markLine(name: string, atMs: number): string {
  return `${MARK} ${atMs} ${name}\n`;
}

/** @returns by name, ms after `startedAtMs` (Unix ms), the first of each name, in the order in which they were reached */
export function marksIn(text: string, startedAtMs: number): ReadonlyMap<string, number> {
  const reached = [...text.matchAll(new RegExp(`^${MARK} (\\S+) (.+)$`, 'gm'))]
    .map(([, at, name]) => ({ name: name as string, afterMs: Number(at) - startedAtMs }))
    .sort((a, b) => a.afterMs - b.afterMs);
  const marks = new Map<string, number>();
  for (const { name, afterMs } of reached) if (!marks.has(name)) marks.set(name, afterMs);
  return marks;
}
