import { join } from 'node:path';
import envPaths from 'env-paths';

/** Where jars and the running broker's state are kept, outside any repository; OUTRIDER_CACHE names another folder. */
export function cacheFolder(environment: Readonly<Record<string, string | undefined>>): string {
  return environment.OUTRIDER_CACHE ?? envPaths('outrider', { suffix: '' }).cache;
}

export function stateFile(cache: string): string {
  return join(cache, 'broker.json');
}
