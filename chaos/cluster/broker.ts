import { type ChildProcess, execFile } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ended, signal, spawnChild } from '../children.js';
import { type BrokerLayout, brokerProperties } from './properties.js';

const run = promisify(execFile);

/** Small heaps and quick starts: three of these share a machine with everything else. */
const JVM = ['-Xms96m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

const LAST_WORDS_LINES = 40;

/** One of the cluster's brokers: a process that can be killed, stopped, suspended and started again on its data. */
export class Broker {
  private process: ChildProcess | null = null;
  suspended = false;

  /** @param prefix what goes in front of the command */
  constructor(
    readonly layout: BrokerLayout,
    private readonly jars: string,
    private readonly prefix: readonly string[],
  ) {}

  get id(): number {
    return this.layout.id;
  }

  get isRunning(): boolean {
    return this.process?.exitCode === null && this.process.signalCode === null;
  }

  async format(clusterId: string): Promise<void> {
    mkdirSync(this.layout.folder, { recursive: true });
    writeFileSync(this.propertiesFile, brokerProperties(this.layout));
    const words = [
      ...this.prefix,
      ...this.java('error'),
      'kafka.tools.StorageTool',
      'format',
      '--cluster-id',
      clusterId,
      '--config',
      this.propertiesFile,
    ];
    await run(words[0] as string, words.slice(1));
  }

  start(): void {
    if (this.isRunning) return;
    const output = openSync(this.logFile, 'a');
    const words = [...this.prefix, ...this.java('warn'), 'kafka.Kafka', this.propertiesFile];
    this.process = spawnChild(words[0] as string, words.slice(1), { stdio: ['ignore', output, output] });
    closeSync(output);
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** A controlled shutdown, ended by force when it takes longer than the limit. */
  async stop(limitMs: number): Promise<void> {
    const late = setTimeout(() => this.process?.kill('SIGKILL'), limitMs);
    await this.end('SIGTERM');
    clearTimeout(late);
  }

  suspend(): void {
    this.suspended = true;
    signal(this.pid, 'SIGSTOP');
  }

  resume(): void {
    this.suspended = false;
    signal(this.pid, 'SIGCONT');
  }

  /** The end of its log. */
  lastWords(): string {
    return readFileSync(this.logFile, 'utf8').split('\n').slice(-LAST_WORDS_LINES).join('\n');
  }

  private get logFile(): string {
    return join(this.layout.folder, 'kafka.log');
  }

  private get pid(): number {
    return this.process?.pid ?? 0;
  }

  private get propertiesFile(): string {
    return join(this.layout.folder, 'server.properties');
  }

  private java(level: string): string[] {
    return [
      'java',
      ...JVM,
      `-Dorg.slf4j.simpleLogger.defaultLogLevel=${level}`,
      '-Dorg.slf4j.simpleLogger.showDateTime=true',
      '-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS',
      '-cp',
      join(this.jars, '*'),
    ];
  }

  private async end(name: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (this.process === null) return;
    const gone = ended(this.process);
    if (this.suspended) this.resume();
    this.process.kill(name);
    await gone;
  }
}
