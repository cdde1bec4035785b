/** What can be told from outside of the release that a broker runs. */
export type ReleaseLine = 'before 3.9' | '3.9' | '4.0 to 4.2' | '4.3 or later';

/** By API key. */
export type ApiVersions = Readonly<Record<number, { readonly maxVersion: number } | undefined>>;

const PRODUCE = 0;
const FETCH = 1;
const DESCRIBE_LOG_DIRS = 35;

/** The newest line first: the lowest version of an API that only this line and newer ones speak. */
const SIGNS: readonly { readonly line: ReleaseLine; readonly api: number; readonly version: number }[] = [
  { line: '4.3 or later', api: DESCRIBE_LOG_DIRS, version: 5 },
  { line: '4.0 to 4.2', api: PRODUCE, version: 12 },
  { line: '3.9', api: FETCH, version: 17 },
];

export function releaseLine(versions: ApiVersions): ReleaseLine {
  const found = SIGNS.find(({ api, version }) => (versions[api]?.maxVersion ?? 0) >= version);
  return found?.line ?? 'before 3.9';
}
