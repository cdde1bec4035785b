import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { brokenRelations } from '../kafka/time-outs.js';

/** Says at the start which time-outs are in a relation that costs something. Faults were refused with the configuration. */
export function warnTimeOuts(config: Config, log: Logger): void {
  for (const { key, message } of brokenRelations(config))
    log.warn({ key: key.join('.') }, `${key.join('.')} ${message}`);
}
