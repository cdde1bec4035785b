import type { Command } from 'commander';
import type { LetterFilter } from '../dlq/letter-filter.js';
import type { Bound } from '../kafka/offset-bounds.js';
import { UsageError } from '../errors.js';
import { boundOption } from './bound-option.js';
import { type Connection, connectionFor } from './connection.js';
import type { CliContext, CommonOptions } from './context.js';
import { collect } from './options.js';

/** Which letters a command is about. */
export interface LetterOptions extends CommonOptions {
  readonly topic?: string;
  readonly reason?: readonly string[];
  readonly schema?: string;
  readonly entity?: string;
  readonly from: Bound;
  readonly to: Bound;
}

export function letterOptions(command: Command): Command {
  return command
    .option('--topic <topic>', 'the dead-letter topic [output.deadLetters]')
    .option('--reason <reason>', 'only letters of this reason; may be repeated', collect)
    .option('--schema <schema>', "only of this producer schema, as `dlq list` prints it ('id 7', 'c15d…')")
    .option('--entity <entity>', 'only of this entity: of the event where it decodes, or of the key')
    .option(
      '--from <bound>',
      'letters from here on: earliest, an offset, an ISO time, or ago (2h, 30m)',
      boundOption,
      'earliest',
    )
    .option(
      '--to <bound>',
      'letters before here: latest, an offset, an ISO time, or ago',
      boundOption,
      'latest',
    );
}

/** Which dead-letter topic, and how to reach it; the configuration is null where there is none. @throws UsageError */
export function lettersAt(
  options: LetterOptions & { readonly brokers?: string },
  context: CliContext,
): Connection & { readonly topic: string; readonly groupPrefix: string } {
  const connection = connectionFor(options.config, options.brokers, context);
  const topic = options.topic ?? connection.config?.output.deadLetters;
  if (topic === undefined) throw new UsageError('give --topic, or a configuration with --config');
  return { ...connection, topic, groupPrefix: `${connection.config?.group ?? 'outrider'}.dlq` };
}

export function filterOf({ reason, schema, entity }: LetterOptions): LetterFilter {
  return {
    reasons: reason === undefined ? null : new Set(reason),
    schema: schema ?? null,
    entity: entity ?? null,
  };
}
