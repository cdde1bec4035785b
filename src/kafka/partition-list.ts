/**
 * `0,2-5`: numbers of partitions and ranges of them, both ends included.
 * @returns in ascending order, each once; null where the text is none, or a range is the wrong way round
 */
export function parsePartitionList(text: string): readonly number[] | null {
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const [, first, last] = /^\s*(\d{1,7})(?:-(\d{1,7}))?\s*$/.exec(part) ?? [];
    if (first === undefined) return null;
    const [from, to] = [Number(first), Number(last ?? first)];
    if (to < from || to - from >= PARTITIONS_MAX) return null;
    for (let partition = from; partition <= to; partition++) found.add(partition);
  }
  return [...found].sort((a, b) => a - b);
}

/** More than a topic has; a slip of the finger (`0-9999999`) costs no memory. */
const PARTITIONS_MAX = 100_000;
