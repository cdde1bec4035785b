/** A process of its own that decompresses a file, and says what came of it and how much memory that took at its peak. */
import { readFileSync } from 'node:fs';
import { type CodecName, decompress, loadCodec } from '../../src/kafka/compression/load-codec.js';

const [name = '', file = '', bytesMax = ''] = process.argv.slice(2);
const bytes = readFileSync(file);
await loadCodec(name as CodecName);
const peakKiB = (): number => process.resourceUsage().maxRSS;
const before = peakKiB();
const outcome = await decompress(name as CodecName, bytes, Number(bytesMax)).then(
  (out) => `${out.length} bytes`,
  (error: unknown) => String(error),
);
process.stdout.write(JSON.stringify({ outcome, grownKiB: peakKiB() - before }));
