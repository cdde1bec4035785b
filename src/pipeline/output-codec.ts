import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { configurationError } from '../config/fault.js';
import { messageOf } from '../errors.js';
import { MissingCodec, loadCodec } from '../kafka/compression/load-codec.js';

/**
 * Loads what output.compression needs: without it every commit would fail, for ever.
 * @throws ConfigurationError where it has no binary for this platform; the log has the loader's own words
 */
export async function prepareOutputCodec(
  { file, output: { compression } }: Config,
  log: Logger,
): Promise<void> {
  if (compression === 'none') return;
  try {
    await loadCodec(compression);
  } catch (error) {
    if (!(error instanceof MissingCodec)) throw error;
    log.warn({ reason: messageOf(error.cause) }, error.message);
    throw configurationError(file, ['output', 'compression'], error.message);
  }
}
