/** What a peer is set up with, once, before anything is measured. */
export interface Place {
  /** Outlives the run: what is fetched is kept here. */
  readonly cache: string;
  /** Is removed afterwards. */
  readonly folder: string;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/** One run of a peer. */
export interface Task {
  readonly brokers: readonly string[];
  readonly topic: string;
  /** Topic of the anomalies. */
  readonly output: string;
  /** Of this run alone. */
  readonly group: string;
  /** CSV with a header. */
  readonly trainingFile: string;
  readonly schemaFile: string;
  /** Outrider's, for this group. */
  readonly configFile: string;
}

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * A program that does the whole work in one process: joins the group, scores what the topic holds from the group's
 * offset on, goes on waiting, ends on SIGTERM with code 0, and then prints `{"events":…,"anomalies":…}` as its last line.
 */
export interface Peer {
  readonly name: string;
  /** What it is, in few words: beside its bar in the chart. */
  readonly label: string;
  /** What it is made of and how it is set, in one line of the report. */
  readonly about: string;
  /** A slow one gets the last events of the topic only. */
  readonly eventsMax: number;
  /** Whether its anomalies are on the output topic. */
  readonly hasOutput: boolean;
  /** Names the event of a record of the output; Java's and Python's programs write JSON with its id. */
  eventOf(value: Buffer): string;
  /** @throws where it cannot be set up, with the reason */
  setUp(place: Place): Promise<(task: Task) => Command>;
}

export function idOfJson(value: Buffer): string {
  return String((JSON.parse(value.toString('utf8')) as { id: number }).id);
}
