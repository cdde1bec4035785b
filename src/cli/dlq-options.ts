import { type Command, InvalidArgumentError } from 'commander';
import type { LetterFilter } from '../dlq/letter-filter.js';
import { type Bound, parseBound } from '../kafka/offset-bounds.js';
import type { CommonOptions } from './context.js';
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
      bound,
      'earliest',
    )
    .option('--to <bound>', 'letters before here: latest, an offset, an ISO time, or ago', bound, 'latest');
}

export function filterOf({ reason, schema, entity }: LetterOptions): LetterFilter {
  return {
    reasons: reason === undefined ? null : new Set(reason),
    schema: schema ?? null,
    entity: entity ?? null,
  };
}

function bound(text: string): Bound {
  const parsed = parseBound(text, Date.now());
  if (parsed === null)
    throw new InvalidArgumentError(
      'earliest, latest, an offset, an ISO time, or a duration ago (2h) is wanted',
    );
  return parsed;
}
