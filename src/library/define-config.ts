import type { z } from 'zod';
import type { configSchema } from '../config/schema.js';

/** What may be written in `outrider.yml`, as a type. */
export type OutriderConfig = z.input<typeof configSchema>;

/**
 * A configuration in code, checked by the compiler; write it with any YAML or JSON writer (JSON is YAML) and give the
 * file to the commands.
 */
export function defineConfig(config: OutriderConfig): OutriderConfig {
  return config;
}
