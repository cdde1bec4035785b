import { setTimeout as delay } from 'node:timers/promises';
import { JavaClient } from '../clients/java-client.js';
import type { Event, EventSource } from './events.js';

/** Whoever remembers what was sent and acknowledged. */
export interface EventLedger {
  sent(event: Event): void;
  acknowledged(id: number, partition: number, offset: number): void;
  readonly sentCount: number;
}

export interface WorkloadOptions {
  readonly jars: string;
  readonly bootstrap: string;
  readonly topic: string;
  readonly eventsPerSecond: number;
  /** Infinity for as many as there is time for. */
  readonly eventsMax: number;
  /** The share of events that cannot be decoded, mixed in with the others. */
  readonly undecodable: number;
  /** Events on their way to the brokers, at most: a cluster that is away is not flooded when it comes back. */
  readonly inFlightMax: number;
  /** What is due while too many are on their way is sent later, or never. */
  readonly heldBack: 'sent later' | 'never sent';
  readonly source: EventSource;
  readonly ledger: EventLedger;
}

const TICK_MS = 25;
const FINISH_LIMIT_MS = 130_000;

/** Producers at a steady pace, through Kafka's own idempotent producer. */
export class Workload implements AsyncDisposable {
  /** Resolves when eventsMax events are sent, or it is finished. */
  readonly sent: Promise<void>;
  /** Events of the steady pace that were never sent, because too many were on their way. */
  heldBackCount = 0;
  readonly faults: string[] = [];
  private writer: JavaClient;
  private readonly stopping = new AbortController();
  private inFlight = 0;

  constructor(private readonly options: WorkloadOptions) {
    this.writer = this.newWriter();
    this.sent = this.pace();
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
    await this.sent;
    const { writer } = this;
    writer.finish();
    const late = setTimeout(() => {
      this.faults.push(`the writer did not finish within ${FINISH_LIMIT_MS} ms`);
      void writer.kill();
    }, FINISH_LIMIT_MS);
    await writer.ended;
    clearTimeout(late);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stopping.abort();
    await this.sent;
    await this.writer.kill();
  }

  private async pace(): Promise<void> {
    const { eventsPerSecond, eventsMax, inFlightMax, heldBack, undecodable } = this.options;
    const started = performance.now();
    let done = 0;
    while (!this.stopping.signal.aborted && done < eventsMax) {
      await delay(TICK_MS);
      const due = Math.min(eventsMax, ((performance.now() - started) / 1000) * eventsPerSecond);
      for (; done < due; done++) {
        if (this.inFlight < inFlightMax) this.send(undecodable);
        else if (heldBack === 'never sent') this.heldBackCount++;
        else break;
      }
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
    void writer.ended.then(() => {
      if (writer.fault !== null) this.faults.push(writer.fault);
    });
    return writer;
  }
}
