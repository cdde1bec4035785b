import { stripVTControlCharacters } from 'node:util';
import type { Command } from 'commander';
import { AnswerNoError } from '../errors.js';
import type { DemoResult, DemoShow } from '../demo/demo-options.js';
import { runDemo } from '../demo/run-demo.js';
import type { Anomaly } from '../publish/anomaly-record.js';
import type { CliContext, CommonOptions } from './context.js';
import { common, wholeNumber } from './options.js';
import { Printer, grouped } from './output.js';
import { anomalyLine } from './tail.js';

interface DemoCommandOptions extends CommonOptions {
  readonly events?: number;
  readonly workers?: number;
  readonly rate: number;
  readonly keep?: boolean;
}

/** Events per second where --rate says nothing else: slow enough to watch. */
const RATE_DEFAULT = 5000;

export function demoCommand(program: Command, context: CliContext): void {
  common(
    program
      .command('demo')
      .description(
        'everything on real data: a broker, topics, a trained model, a fleet, events, anomalies, and a count of what came out',
      )
      .option('--events <n>', 'how many of the 49,097 readings [all]', wholeNumber(1000, 49_097))
      .option('--workers <n>', 'worker processes [4, one per partition]', wholeNumber(1, 64))
      .option('--rate <n>', 'events per second; 0 for as fast as it goes', wholeNumber(0), RATE_DEFAULT)
      .option('--keep', 'leave the broker and its topics'),
    'outrider demo --rate 0',
    'error',
  ).action(async (options: DemoCommandOptions) => demo(options, context));
}

async function demo(options: DemoCommandOptions, context: CliContext): Promise<void> {
  const printer = new Printer(context.stdout, context.environment);
  const show = options.json === true ? silentShow(context) : new TerminalShow(printer, context.stdout);
  if (show instanceof TerminalShow) show.title();
  const result = await runDemo({
    events: options.events ?? null,
    workers: options.workers ?? null,
    rate: options.rate === 0 ? null : options.rate,
    keep: options.keep ?? false,
    environment: context.environment,
    log: context.createLog(options.logLevel),
    logLevel: options.logLevel,
    show,
    signal: context.signal,
  });
  if (result === null) {
    show.stopped();
    return;
  }
  if (show instanceof TerminalShow) show.summary(result, options.rate);
  else printer.json(result.summary);
  const { summary, wrong, expectedDeadLetters } = result;
  if (summary.missing + summary.duplicates + wrong > 0 || summary.deadLetters !== expectedDeadLetters) {
    throw new AnswerNoError(
      `the output is not what it should be: ${summary.missing} missing, ${summary.duplicates} duplicates, ${wrong} with another score than offline, ` +
        `${summary.deadLetters} dead letters instead of ${expectedDeadLetters}`,
    );
  }
}

function silentShow({ stderr }: CliContext): DemoShow {
  return {
    doing: () => undefined,
    done: () => undefined,
    note: (text) => void stderr.write(`${text}\n`),
    anomaly: () => undefined,
    progress: () => undefined,
    stopped: () => undefined,
  };
}

/** Anomalies shown of each interval; the others are counted. */
const SHOWN_PER_INTERVAL = 3;
const INTERVAL_MS = 500;

class TerminalShow implements DemoShow {
  private shown = 0;
  private hidden = 0;
  private total = 0;
  private intervalStart = 0;
  private status = '';
  private producingSince = performance.now();
  private lastProduced = Infinity;

  constructor(
    private readonly printer: Printer,
    private readonly stream: NodeJS.WriteStream,
  ) {}

  title(): void {
    this.printer.line(
      `${this.printer.style('bold', 'Outrider')}: NASA shuttle telemetry through a real Kafka, scored exactly once\n`,
    );
  }

  done(text: string, seconds: number): void {
    this.clear();
    this.flushHidden();
    this.status = '';
    this.printer.line(
      `${this.printer.style('green', '✓')} ${text} ${this.printer.style('dim', `${seconds.toFixed(1)} s`)}`,
    );
  }

  note(text: string): void {
    this.printer.line(this.printer.style('dim', `  ${text}`));
  }

  anomaly(anomaly: Anomaly): void {
    this.total++;
    const now = performance.now();
    if (now - this.intervalStart > INTERVAL_MS) {
      this.intervalStart = now;
      this.shown = 0;
    }
    if (this.shown >= SHOWN_PER_INTERVAL) {
      this.hidden++;
      return;
    }
    this.shown++;
    this.clear();
    this.flushHidden();
    this.printer.line(`  ${anomalyLine(anomaly, this.printer)}`);
    this.draw();
  }

  doing(text: string): void {
    this.clear();
    this.status = `  ${text} …`;
    this.draw();
  }

  stopped(): void {
    this.clear();
    this.status = '';
    this.printer.line('stopped; nothing is left running');
  }

  progress(produced: number, total: number): void {
    if (produced <= this.lastProduced) this.producingSince = performance.now();
    this.lastProduced = produced;
    const seconds = Math.max(0.001, (performance.now() - this.producingSince) / 1000);
    const rate = produced / seconds;
    const left = Math.ceil((total - produced) / Math.max(1, rate));
    this.clear();
    this.status = `  ${grouped(produced)}/${grouped(total)} events · ${grouped(rate)}/s · ${left} s left · ${grouped(this.total)} anomalies`;
    this.draw();
  }

  summary({ summary, wrong, expectedDeadLetters }: DemoResult, rate: number): void {
    this.clear();
    this.status = '';
    const { printer } = this;
    const zero = (count: number): string => printer.style(count === 0 ? 'green' : 'red', String(count));
    const rows: [string, string, string][] = [
      [
        'events',
        grouped(summary.events),
        rate === 0 ? '' : `paced at ${grouped(rate)}/s at most; --rate 0 lets them run`,
      ],
      ['anomalies', grouped(summary.anomalies), 'read back from the output topic, committed records only'],
      ['dead letters', grouped(summary.deadLetters), `of ${expectedDeadLetters} deliberately broken events`],
      ['missing', zero(summary.missing), 'verdicts of the same model offline that are not on the topic'],
      ['duplicates', zero(summary.duplicates), 'ids that are on the topic more than once'],
      ['other scores', zero(wrong), 'scores that differ from the offline ones by a single bit'],
      ['AUROC', summary.auroc.toFixed(4), 'against the labels, which the training did not see'],
      ['average precision', summary.averagePrecision.toFixed(4), ''],
      [
        'events/s',
        grouped(summary.eventsPerSecond),
        `${summary.workers} workers, first event produced to last one committed`,
      ],
      [
        'age p50 / p99',
        `${summary.ageMs.p50} / ${summary.ageMs.p99} ms`,
        'event appended to anomaly read by a subscriber',
      ],
      ['seconds', summary.seconds.toFixed(1), 'in all'],
    ];
    printer.line();
    for (const [name, value, why] of rows) {
      const plain = stripVTControlCharacters(value);
      printer.line(
        `  ${name.padEnd(18)}${' '.repeat(Math.max(0, 12 - plain.length))}${value}  ${printer.style('dim', why)}`.trimEnd(),
      );
    }
  }

  private flushHidden(): void {
    if (this.hidden > 0) this.printer.line(this.printer.style('dim', `  … and ${grouped(this.hidden)} more`));
    this.hidden = 0;
  }

  private clear(): void {
    if (this.stream.isTTY && this.status !== '') this.stream.write('\r\u001b[2K');
  }

  private draw(): void {
    if (this.stream.isTTY && this.status !== '') this.stream.write(this.status);
  }
}
