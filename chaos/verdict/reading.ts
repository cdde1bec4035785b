import { JavaClient } from '../clients/java-client.js';

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

/** Reads committed records from the beginning while everything else goes on. */
export class LiveReader implements AsyncDisposable {
  readonly records: ReadRecord[] = [];
  private readonly client: JavaClient;

  constructor(jars: string, bootstrap: string, topics: readonly string[]) {
    this.client = new JavaClient(jars, 'Reader', [bootstrap, 'live', ...topics], (words) => {
      if (words[0] === 'record') this.records.push(recordOf(words));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
  }
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
