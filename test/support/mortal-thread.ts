/**
 * A process with a model whose thread ends when it sees the number 13: what it says before, then, and after, as JSON.
 * It closes nothing: it has to end by itself.
 */
import { OnnxSession } from '../../src/detect/onnx/session.js';
import { messageOf } from '../../src/errors.js';

const { session } = await OnnxSession.open(Uint8Array.of(1), 1);
const plan = { input: 'x', type: 'float64', width: 1, batch: 1, alone: true } as const;
const ask = async (value: number): Promise<string> => {
  try {
    const [output] = await session.run(plan, ['y'], Float64Array.of(value), 1);
    return String(output?.data[0]);
  } catch (error) {
    return messageOf(error);
  }
};
const said = [await ask(1)];
// Those behind it in the queue are lost with the thread.
said.push(...(await Promise.all([ask(2), ask(13), ask(3)])));
said.push(...(await Promise.all([ask(4), ask(5)])));
process.stdout.write(JSON.stringify(said));
