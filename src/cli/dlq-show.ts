import type { Command } from 'commander';
import { type Letter, placeOf } from '../dlq/letter.js';
import { LetterMatcher } from '../dlq/letter-filter.js';
import { LetterView } from '../dlq/letter-view.js';
import { lettersOf } from '../dlq/letters-of.js';
import { patientLookups } from '../dlq/prepare-redrive.js';
import { UsageError } from '../errors.js';
import { KafkaAdmin } from '../kafka/admin.js';
import { resolveBounds } from '../kafka/offset-bounds.js';
import { bytesAsText } from '../bytes-as-text.js';
import { prepareDecoder, prepareReading } from '../pipeline/setup.js';
import type { CliContext } from './context.js';
import { type LetterOptions, filterOf, letterOptions, lettersAt } from './dlq-options.js';
import { common, wholeNumber } from './options.js';
import { Printer } from './output.js';

type ShowOptions = LetterOptions & {
  readonly brokers?: string;
  readonly limit: number;
  readonly hexBytes: number;
};

export function dlqShowCommand(dlq: Command, context: CliContext): void {
  common(
    letterOptions(
      dlq
        .command('show')
        .description('print dead letters: headers, bytes, and the event where it decodes')
        .argument('[places...]', 'partition/offset of letters; without any: the first that match')
        .option('--limit <n>', 'letters to print at most', wholeNumber(1), 10)
        .option('--hex-bytes <n>', 'bytes of each value to print', wholeNumber(0), 256)
        .option('--brokers <list>', 'host:port, … [kafka.brokers, KAFKA_BROKERS, localhost:9092]'),
    ),
    'outrider dlq show 3/120\noutrider dlq show --reason undecodable --limit 3',
    'warn',
  ).action(async (places: readonly string[], options: ShowOptions) => show(places, options, context));
}

async function show(places: readonly string[], options: ShowOptions, context: CliContext): Promise<void> {
  const { kafka, config, topic, groupPrefix } = lettersAt(options, context);
  const wanted = parsePlaces(places);
  const { signal } = context;
  const log = context.createLog(options.logLevel);
  await using admin = new KafkaAdmin(kafka, log);
  await admin.partitionCount(topic);
  const bounds = await resolveBounds(admin, topic, options);
  const reading = config === null ? null : prepareReading(config);
  const decoder =
    config === null || reading === null ? null : prepareDecoder(config, reading, patientLookups(log));
  const matcher = new LetterMatcher(
    filterOf(options),
    options.entity === undefined ? null : decoder,
    config?.input.encoding ?? null,
  );
  const view = new LetterView(config, reading?.reader ?? null);
  const printer = new Printer(context.stdout, context.environment);
  let shown = 0;
  for (const { from, to } of wanted === null ? [bounds] : rangesOf(wanted, bounds, topic)) {
    for await (const letters of lettersOf({ kafka, topic, groupPrefix, from, to, log, signal })) {
      const matches = await matcher.matches(letters, signal);
      for (const [index, letter] of letters.entries()) {
        if (matches[index] !== true) continue;
        const seen = await view.of(letter, signal);
        if (options.json === true) printer.json({ ...plain(letter), ...seen });
        else print(letter, seen, options.hexBytes, printer);
        if (++shown >= Math.max(options.limit, places.length)) return;
      }
    }
  }
  if (shown === 0 && options.json !== true) printer.line(`no such letters on ${topic}`);
}

interface Place {
  readonly partition: number;
  readonly offset: number;
}

function parsePlaces(places: readonly string[]): readonly Place[] | null {
  if (places.length === 0) return null;
  return places.map((text) => {
    const [, partition, offset] = /^(?:.*\/)?(\d{1,10})\/(\d{1,15})$/.exec(text) ?? [];
    if (partition === undefined || offset === undefined)
      throw new UsageError(`'${text}' is not partition/offset, as in 3/120`);
    return { partition: Number(partition), offset: Number(offset) };
  });
}

interface Range {
  readonly from: ReadonlyMap<number, number>;
  readonly to: ReadonlyMap<number, number>;
}

/** Each place by itself. @throws UsageError where the topic has no such place */
function rangesOf(places: readonly Place[], { from, to }: Range, topic: string): readonly Range[] {
  return places.map(({ partition, offset }) => {
    const [low, high] = [from.get(partition), to.get(partition)];
    if (low === undefined || high === undefined)
      throw new UsageError(`topic ${topic} has no partition ${partition}`);
    if (offset < low || offset >= high)
      throw new UsageError(
        `topic ${topic}, partition ${partition} has offsets ${low} to ${high - 1}, not ${offset}`,
      );
    return { from: new Map([[partition, offset]]), to: new Map([[partition, offset + 1]]) };
  });
}

function plain({ headers, key, value, timestampMs, ...letter }: Letter): object {
  return {
    ...letter,
    time: new Date(timestampMs).toISOString(),
    key: key === null ? null : bytesAsText(key),
    headers: headers.map(([name, bytes]) => [name, headerText(name, bytes)]),
    value: value?.toString('base64') ?? null,
  };
}

type Seen = Awaited<ReturnType<LetterView['of']>>;

function print(letter: Letter, seen: Seen, hexBytes: number, printer: Printer): void {
  const { key, value, headers, reason, message, timestampMs } = letter;
  printer.line(
    printer.style('bold', `${placeOf(letter)}  ${new Date(timestampMs).toISOString()}  ${reason}`),
  );
  printer.line(`  message  ${message}`);
  printer.line(`  key      ${key === null ? '-' : bytesAsText(key)}`);
  for (const [name, bytes] of headers)
    printer.line(`  header   ${name}: ${headerText(name, bytes) ?? 'null'}`);
  printer.line(`  schema   ${seen.schema}`);
  printer.line(`  value    ${value === null ? 'null' : `${value.length} bytes`}`);
  for (const line of hexLines(value?.subarray(0, hexBytes) ?? Buffer.alloc(0))) printer.line(`    ${line}`);
  if (value !== null && value.length > hexBytes) printer.line(`    … ${value.length - hexBytes} more`);
  printer.line(
    seen.event === null ? `  event    - ${seen.fault ?? ''}` : `  event    ${JSON.stringify(seen.event)}`,
  );
  printer.line();
}

/** Spring writes places as binary integers. */
function headerText(name: string, bytes: Buffer | null): string | null {
  if (bytes === null) return null;
  if (name.startsWith('kafka_dlt-original-')) {
    if (name.endsWith('partition') && bytes.length === 4) return String(bytes.readInt32BE(0));
    if (/(offset|timestamp)$/.test(name) && bytes.length === 8) return String(bytes.readBigInt64BE(0));
  }
  return bytesAsText(bytes);
}

/** `00000010  c3 01 …  |…|` */
function hexLines(bytes: Buffer): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.subarray(at, at + 16);
    const hex = [...row].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = [...row]
      .map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'))
      .join('');
    lines.push(`${at.toString(16).padStart(8, '0')}  ${hex.padEnd(47)}  |${text}|`);
  }
  return lines;
}
