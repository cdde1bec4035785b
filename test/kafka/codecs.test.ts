/** Decoders on any bytes: an output within the limit or a typed failure, whatever the bytes claim. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { compressFrameSync } from 'lz4-napi';
import { compressSync } from 'snappy';
import { BatchFault } from '../../src/kafka/compression/batch-fault.js';
import { type CodecName, decompress, loadCodec } from '../../src/kafka/compression/load-codec.js';
import { crc32c } from '../../src/kafka/compression/crc32c.js';
import { measureLz4Frame } from '../../src/kafka/compression/lz4-frame.js';
import { measureZstd } from '../../src/kafka/compression/zstd-frames.js';

const NAMES: readonly CodecName[] = ['gzip', 'snappy', 'lz4', 'zstd'];
const MIB = 2 ** 20;
const VICTIM = fileURLToPath(new URL('../support/bomb-victim.js', import.meta.url));
const LOAD_CODEC = new URL('../../src/kafka/compression/load-codec.js', import.meta.url).href;
const run = promisify(execFile);

async function outcome(name: CodecName, bytes: Buffer, bytesMax: number): Promise<Buffer | BatchFault> {
  try {
    return await decompress(name, bytes, bytesMax);
  } catch (error) {
    assert.ok(error instanceof BatchFault, `${name}: ${String(error)} is no BatchFault`);
    return error;
  }
}

/** Repetitive as events are, or not at all. */
const content = fc.oneof(
  fc.uint8Array({ maxLength: 3000 }),
  fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(4000)).map(([unit, times]) => {
    const bytes = Buffer.alloc(unit.length * times);
    return bytes.length === 0 ? bytes : bytes.fill(Buffer.from(unit));
  }),
);

/** Each name as it is framed by different writers; snappy has two framings. */
async function encodings(plain: Buffer): Promise<readonly (readonly [CodecName, Buffer])[]> {
  const own = NAMES.map(async (name) => [name, await (await loadCodec(name)).compress(plain)] as const);
  return [
    ...(await Promise.all(own)),
    ['snappy', compressSync(plain)],
    ['lz4', compressFrameSync(plain, { contentChecksum: true, blockChecksums: true })],
  ];
}

test('what is compressed comes back, in every framing, and not when the limit is a byte too small', async () => {
  await fc.assert(
    fc.asyncProperty(content, async (bytes) => {
      const plain = Buffer.from(bytes);
      for (const [name, compressed] of await encodings(plain)) {
        const back = await outcome(name, compressed, Math.max(1, plain.length));
        assert.ok(Buffer.isBuffer(back) && back.equals(plain), `${name}: ${String(back)}`);
        if (plain.length > 1) {
          const tooMuch = await outcome(name, compressed, plain.length - 1);
          assert.ok(tooMuch instanceof BatchFault, `${name}: ${plain.length} bytes`);
        }
      }
    }),
    { numRuns: 150 },
  );
});

test('any bytes, and any change of good ones, give an output within the limit or a fault', async () => {
  const bytesMax = 5000;
  await fc.assert(
    fc.asyncProperty(
      content,
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
      fc.uint8Array({ maxLength: 60 }),
      async (bytes, changes, any) => {
        for (const [name, compressed] of await encodings(Buffer.from(bytes))) {
          const changed = Buffer.from(compressed);
          for (const [at, byte] of changes) changed[at % changed.length] = byte;
          const start = Buffer.concat([compressed.subarray(0, 12), Buffer.from(any)]);
          for (const input of [changed, start, Buffer.from(any)]) {
            const out = await outcome(name, input, bytesMax);
            assert.ok(out instanceof BatchFault || out.length <= bytesMax, name);
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('a part of a compressed whole is a fault', async () => {
  const plain = Buffer.from('{"id":17,"entity":"e1","value":0.25}'.repeat(2000));
  for (const [name, compressed] of await encodings(plain)) {
    const step = Math.max(1, Math.floor(compressed.length / 400));
    for (let length = 0; length < compressed.length; length += step) {
      const out = await outcome(name, compressed.subarray(0, length), MIB);
      // Java's framing of snappy has no end: whole blocks are a shorter whole, which the batch's count of records tells.
      const isWholeBlocks = name === 'snappy' && Buffer.isBuffer(out) && out.length % 32_768 === 0;
      assert.ok(out instanceof BatchFault || isWholeBlocks, `${name}: ${length} of ${compressed.length}`);
    }
  }
});

test('256 MiB of zeros in a few bytes take no more memory than the limit', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'outrider-bombs-'));
  try {
    const zeros = Buffer.alloc(256 * MIB);
    const bombs: (readonly [CodecName, Buffer])[] = [
      ['gzip', gzipSync(zeros)],
      ['lz4', compressFrameSync(zeros)],
      ['zstd', await (await loadCodec('zstd')).compress(zeros)],
      // As Java writes it: without the size of the content.
      ['zstd', withoutContentSize(await (await loadCodec('zstd')).compress(zeros))],
      ['snappy', compressSync(zeros)],
      ['snappy', await (await loadCodec('snappy')).compress(zeros)],
      // A block that claims 4 GiB.
      ['snappy', Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0])],
    ];
    const victim = async ([name, bytes]: (typeof bombs)[number], i: number): Promise<void> => {
      const file = join(folder, String(i));
      writeFileSync(file, bytes);
      const { stdout } = await run(process.execPath, [VICTIM, name, file, String(8 * MIB)]);
      const { outcome: said, grownKiB } = JSON.parse(stdout) as { outcome: string; grownKiB: number };
      assert.match(said, /BatchFault: .*(input\.maxBatchBytes \(8388608\)|which cannot be)/, name);
      assert.ok(grownKiB < 40 * 1024, `${name}: ${grownKiB} KiB`);
    };
    await Promise.all(bombs.map(victim));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** RFC 8878, 3.1.1.1: behind descriptor and window stands a content size of four bytes. */
function withoutContentSize(frame: Buffer): Buffer {
  assert.equal(frame.readUInt8(4), 0x80);
  return Buffer.concat([frame.subarray(0, 4), Buffer.from([0]), frame.subarray(5, 6), frame.subarray(10)]);
}

test('a snappy block that claims more than its bytes can give is refused before there is memory for it', async () => {
  const claim = Buffer.concat([Buffer.from([0x80, 0x80, 0x80, 0x02]), Buffer.alloc(100)]);
  const out = await outcome('snappy', claim, 8 * MIB);
  assert.match(String(out), /claim 4194304 bytes in 104, which cannot be/);
});

test('what a frame gives is known before it is decompressed', async () => {
  const plain = Buffer.from('abcdefgh'.repeat(40_000));
  const lz4 = await (await loadCodec('lz4')).compress(plain);
  assert.equal(measureLz4Frame(lz4, plain.length).contentBytesMax, plain.length);
  assert.ok(measureLz4Frame(lz4, MIB).contentBytesMax >= plain.length);
  const zstd = measureZstd(Buffer.from(await (await loadCodec('zstd')).compress(plain)));
  assert.equal(zstd.declaredBytes, plain.length);
  assert.equal(zstd.contentBytesMax, plain.length);
});

test('CRC-32C is the one of RFC 3720', () => {
  const crc = (bytes: Buffer): string => crc32c(bytes, 0, bytes.length).toString(16);
  assert.equal(crc(Buffer.from('123456789')), 'e3069283');
  assert.equal(crc(Buffer.alloc(32)), '8a9136aa');
  assert.equal(crc(Buffer.alloc(32, 0xff)), '62a8ab43');
  assert.equal(crc(Buffer.from(Array.from({ length: 32 }, (_, i) => i))), '46dd794e');
  assert.equal(crc32c(Buffer.from('xx123456789yy'), 2, 11).toString(16), 'e3069283');
});

test('a codec without a binary for this platform is a fault that says so, and not where it was looked for', async () => {
  const script = `
    const { decompress } = await import(${JSON.stringify(LOAD_CODEC)});
    const error = await decompress(process.argv[1], Buffer.alloc(9), 9).catch((error) => error);
    console.log(JSON.stringify([error.name, error.message, error.cause.message]));`;
  // The libraries then look there alone, and do not find it.
  const env = { ...process.env, NAPI_RS_NATIVE_LIBRARY_PATH: join(tmpdir(), 'absent.node') };
  for (const name of ['snappy', 'lz4']) {
    const args = ['--input-type=module', '--eval', script, name];
    const { stdout } = await run(process.execPath, args, { env });
    const [kind, message, cause] = JSON.parse(stdout) as [string, string, string];
    assert.equal(kind, 'BatchFault');
    assert.equal(message, `it is compressed, and ${name} has no binary for this platform`);
    assert.match(cause, /\S/);
  }
});
