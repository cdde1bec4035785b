import { closeSync, existsSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { WorkerPorts } from '../../src/fleet/worker.js';
import type { PartitionSource, SourceListener } from '../../src/ports.js';

/** The ways in which a worker is blocked. */
export const FAULTS = [
  'endless-loop',
  'stopped-process',
  'scorer-never-answers',
  'begin-never-answers',
  'send-never-answers',
  'commit-never-answers',
  'fence-never-answers',
  'offsets-never-answer',
  'source-is-silent',
  'fetch-never-answers',
  'join-never-completes',
] as const;

export type Fault = (typeof FAULTS)[number];

interface FetchLoop {
  fetch(nodeId: string): Promise<unknown>;
}

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/** The file in a scenario's folder that lets the faults of a running worker strike. */
export const ARMED_FILE = 'armed';

/** A fault that one process of a scenario takes, once: the one that comes first. */
export class FaultOnce {
  private taken: boolean | null = null;

  constructor(
    private readonly fault: Fault,
    private readonly folder: string,
  ) {}

  /** Whether this process has it, from the moment on at which it is asked first. */
  private isMine(): boolean {
    this.taken ??= this.take();
    return this.taken;
  }

  private take(): boolean {
    try {
      closeSync(openSync(join(this.folder, `fault-${this.fault}`), 'wx'));
      return true;
    } catch {
      return false;
    }
  }

  private isMineNow(): boolean {
    return existsSync(join(this.folder, ARMED_FILE)) && this.isMine();
  }

  /** kafkajs's fetch loop: its next fetch never ends, and nobody is told. */
  blockFetches(): void {
    const load = createRequire(import.meta.url);
    const { prototype } = load('kafkajs/src/consumer/consumerGroup') as { prototype: FetchLoop };
    const { fetch } = prototype;
    const blocks = (): boolean => this.fault === 'fetch-never-answers' && this.isMineNow();
    prototype.fetch = function (nodeId) {
      return blocks() ? never() : fetch.call(this, nodeId);
    };
  }

  /** A worker's ports with the fault in them. */
  through(own: WorkerPorts): WorkerPorts {
    const { fault } = this;
    return {
      ...own,
      scorer: {
        judge: own.scorer.judge,
        score: async (batch, signal) => {
          if (fault === 'endless-loop' && this.isMineNow()) for (;;);
          if (fault === 'stopped-process' && this.isMineNow()) process.kill(process.pid, 'SIGSTOP');
          if (fault === 'scorer-never-answers' && this.isMineNow()) return never();
          return own.scorer.score(batch, signal);
        },
      },
      offsets: {
        committed: (group, topic) =>
          fault === 'offsets-never-answer' && this.isMine() ? never() : own.offsets.committed(group, topic),
        range: (topic) => own.offsets.range(topic),
        atTime: (topic, timeMs) => own.offsets.atTime(topic, timeMs),
      },
      sinkFor: (at) => {
        const sink = own.sinkFor(at);
        return {
          fence: () => (fault === 'fence-never-answers' && this.isMine() ? never() : sink.fence()),
          discard: () => sink.discard(),
          begin: async () => {
            if (fault === 'begin-never-answers' && this.isMineNow()) return never();
            const unit = await sink.begin();
            return {
              send: (...args) =>
                fault === 'send-never-answers' && this.isMineNow() ? never() : unit.send(...args),
              commit: (...args) =>
                fault === 'commit-never-answers' && this.isMineNow() ? never() : unit.commit(...args),
            };
          },
        };
      },
      source: this.source(own.source),
    };
  }

  private source(own: PartitionSource): PartitionSource {
    return {
      start: (at, offset) => own.start(at, offset),
      pause: (at) => own.pause(at),
      leave: () => own.leave(),
      join: (listener) =>
        this.fault === 'join-never-completes' && this.isMine() ? never() : own.join(this.listener(listener)),
    };
  }

  private listener(to: SourceListener): SourceListener {
    const { fault } = this;
    const isSilent = (): boolean => fault === 'source-is-silent' && this.isMineNow();
    return {
      assigned: (partitions) => to.assigned(partitions),
      heartbeat: () => to.heartbeat(),
      rejoining: () => to.rejoining(),
      passed: (at, firstOffset, nextOffset) => {
        if (!isSilent()) to.passed(at, firstOffset, nextOffset);
      },
      unreadable: (at, batch) => {
        if (!isSilent()) to.unreadable(at, batch);
      },
      batch: async (batch, signal) => {
        if (!isSilent()) await to.batch(batch, signal);
      },
    };
  }
}
