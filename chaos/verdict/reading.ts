import { JavaClient } from '../clients/java-client.js';
import { comes } from '../waiting.js';

/** A record as Kafka's own consumer gave it out. */
export interface ReadRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Base64; null for a record without a value. */
  readonly value: string | null;
  readonly headers: ReadonlyMap<string, string>;
}

const READ_LIMIT_MS = 180_000;
/** What is committed reaches the live reader within this time once the faults are over. */
const GIVEN_LIMIT_MS = 60_000;

/** Reads committed records from the beginning while everything else goes on. */
export class LiveReader implements AsyncDisposable {
  readonly records: ReadRecord[] = [];
  private readonly client: JavaClient;

  constructor(jars: string, bootstrap: string, topics: readonly string[]) {
    this.client = new JavaClient(jars, 'Reader', [bootstrap, 'live', ...topics], (words) => {
      if (words[0] === 'record') this.records.push(recordOf(words));
    });
  }

  get fault(): string | null {
    return this.client.fault;
  }

  /** Waits until it was given the last of these in every partition, or has ended, or the time for it is over. */
  async untilGiven(output: readonly ReadRecord[], signal: AbortSignal): Promise<void> {
    await comes(
      GIVEN_LIMIT_MS,
      () => {
        const given = lastOffsets(this.records);
        return (
          this.fault !== null ||
          [...lastOffsets(output)].every(([line, offset]) => (given.get(line) ?? -1) >= offset)
        );
      },
      { pollMs: 200, signal },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
  }
}

/** The highest offset of every partition. */
function lastOffsets(records: readonly ReadRecord[]): ReadonlyMap<string, number> {
  const last = new Map<string, number>();
  for (const { topic, partition, offset } of records) {
    const line = `${topic}/${partition}`;
    if (offset > (last.get(line) ?? -1)) last.set(line, offset);
  }
  return last;
}

/** Everything that is committed in these topics now. */
export async function readAll(
  jars: string,
  bootstrap: string,
  topics: readonly string[],
): Promise<ReadRecord[]> {
  const records: ReadRecord[] = [];
  let isComplete = false;
  await using client = new JavaClient(jars, 'Reader', [bootstrap, 'once', ...topics], (words) => {
    if (words[0] === 'record') records.push(recordOf(words));
    else if (words[0] === 'end') isComplete = true;
  });
  const late = setTimeout(() => void client.kill(), READ_LIMIT_MS);
  await client.ended;
  clearTimeout(late);
  if (!isComplete)
    throw new Error(`reading ${topics.join(', ')} did not come to an end: ${client.complaint}`);
  return records;
}

function recordOf([, topic = '', partition, offset, value = '-', ...headers]: readonly string[]): ReadRecord {
  return {
    topic,
    partition: Number(partition),
    offset: Number(offset),
    value: value === '-' ? null : value,
    headers: new Map(
      headers.map((header) => {
        const at = header.indexOf('=');
        return [header.slice(0, at), Buffer.from(header.slice(at + 1), 'base64').toString()];
      }),
    ),
  };
}
