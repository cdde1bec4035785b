import { connect } from 'node:net';

/**
 * OffsetFetch, version 1, of one partition, to this very broker, whether it is the coordinator or not (protocol guide).
 * @returns the offset that it answers with, however late
 */
export async function rawOffsetFetch(
  port: number,
  group: string,
  topic: string,
  partition: number,
): Promise<number> {
  const body = Buffer.concat([
    int16(9),
    int16(1),
    int32(1),
    text('raw'),
    text(group),
    int32(1),
    text(topic),
    int32(1),
    int32(partition),
  ]);
  const socket = connect({ host: '127.0.0.1', port });
  socket.write(Buffer.concat([int32(body.length), body]));
  const response = await new Promise<Buffer>((resolve, reject) => {
    let received = Buffer.alloc(0);
    socket.once('error', reject);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) resolve(received);
    });
  });
  socket.destroy();
  // Length, correlation id, one topic with its name, one partition with its number, then the offset.
  return Number(response.readBigInt64BE(4 + 4 + 4 + 2 + Buffer.byteLength(topic) + 4 + 4));
}

function int16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeInt16BE(value);
  return buffer;
}

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value);
  return buffer;
}

function text(value: string): Buffer {
  return Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)]);
}
