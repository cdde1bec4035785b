import { setTimeout as delay } from 'node:timers/promises';
import { JavaClient } from '../clients/java-client.js';
import type { EventSource } from './events.js';
import type { Ledger } from './ledger.js';

export interface WorkloadOptions {
  readonly jars: string;
  readonly bootstrap: string;
  readonly topic: string;
  readonly eventsPerSecond: number;
  readonly source: EventSource;
  readonly ledger: Ledger;
}

const TICK_MS = 25;
/** The share of events that cannot be decoded, mixed in with the others. */
const UNDECODABLE = 0.02;
/** Events on their way to the brokers, at most: a cluster that is away is not flooded when it comes back. */
const IN_FLIGHT_MAX = 5000;
const FINISH_LIMIT_MS = 130_000;

/** Producers at a steady pace, through Kafka's own idempotent producer. */
export class Workload {
  private writer: JavaClient;
  private readonly stopping = new AbortController();
  private readonly pacing: Promise<void>;
  private inFlight = 0;

  constructor(private readonly options: WorkloadOptions) {
    this.writer = this.newWriter();
    this.pacing = this.pace();
  }

  /** Events beside the steady pace. */
  burst(count: number, undecodable: number): void {
    for (let i = 0; i < count; i++) this.send(undecodable);
  }

  /** SIGKILL for the producer, and another in its place: nobody knows what became of the events on their way. */
  async killWriter(): Promise<void> {
    const old = this.writer;
    this.writer = this.newWriter();
    this.inFlight = 0;
    await old.kill();
  }

  /** Ends the pace and waits until every event is acknowledged or given up. */
  async finish(): Promise<void> {
    this.stopping.abort();
    await this.pacing;
    this.writer.finish();
    const late = setTimeout(() => void this.writer.kill(), FINISH_LIMIT_MS);
    await this.writer.ended;
    clearTimeout(late);
  }

  private async pace(): Promise<void> {
    const { eventsPerSecond } = this.options;
    const started = performance.now();
    let due = 0;
    while (!this.stopping.signal.aborted) {
      await delay(TICK_MS);
      const now = ((performance.now() - started) / 1000) * eventsPerSecond;
      for (; due < now; due++) if (this.inFlight < IN_FLIGHT_MAX) this.send(UNDECODABLE);
    }
  }

  private send(undecodable: number): void {
    const { source, ledger } = this.options;
    const event = source.event(undecodable);
    ledger.sent(event);
    this.inFlight++;
    const key = Buffer.from(event.entity).toString('base64');
    this.writer.tell(`${event.id} ${event.partition} ${key} ${event.bytes.toString('base64')}`);
  }

  private newWriter(): JavaClient {
    const { jars, bootstrap, topic, ledger } = this.options;
    const writer: JavaClient = new JavaClient(jars, 'Writer', [bootstrap, topic], (words) => {
      if (writer === this.writer) this.inFlight--;
      if (words[0] === 'ack') ledger.acknowledged(Number(words[1]), Number(words[2]), Number(words[3]));
    });
    return writer;
  }
}
