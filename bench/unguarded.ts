/** Loaded before a measured process's own modules (`--import`): the decoder gets the cursor without guards. */
import { register } from 'node:module';

const hooks = `
export async function resolve(specifier, context, next) {
  const resolved = await next(specifier, context);
  const isCursor = resolved.url.endsWith('/src/decode/cursor.js') && !context.parentURL?.endsWith('/bench/unguarded-cursor.js');
  return isCursor ? { ...resolved, url: new URL('../../bench/unguarded-cursor.js', resolved.url).href } : resolved;
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
