import type { Logger } from 'pino';
import type { Environment } from '../config/environment.js';
import type { Anomaly } from '../publish/anomaly-record.js';

export interface DemoOptions {
  readonly events: number | null;
  readonly workers: number | null;
  /** Events per second; null for as fast as it goes. */
  readonly rate: number | null;
  readonly keep: boolean;
  readonly environment: Environment;
  readonly log: Logger;
  /** Of the workers. */
  readonly logLevel: string;
  readonly show: DemoShow;
  readonly signal: AbortSignal;
}

/** What the demo tells while it runs. */
export interface DemoShow {
  /** Something begins that takes a while. */
  doing(text: string): void;
  done(text: string, seconds: number): void;
  note(text: string): void;
  anomaly(anomaly: Anomaly): void;
  progress(produced: number, total: number): void;
  /** It was asked to stop, and has. */
  stopped(): void;
}

/** `demo --json`. Rates per second, ages in ms. */
export interface DemoSummary {
  readonly events: number;
  readonly anomalies: number;
  readonly deadLetters: number;
  readonly missing: number;
  readonly duplicates: number;
  readonly auroc: number;
  readonly averagePrecision: number;
  readonly eventsPerSecond: number;
  readonly ageMs: { readonly p50: number; readonly p99: number };
  readonly workers: number;
  readonly seconds: number;
}

export interface DemoResult {
  readonly summary: DemoSummary;
  /** Verdicts on the topic that the offline scores do not have, or not with that score. */
  readonly wrong: number;
  readonly expectedDeadLetters: number;
}
