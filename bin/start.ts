import { parseArgs } from 'node:util';
import { play } from '../examples/play/play.ts';

const { values } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    report: { type: 'string' },
    port: { type: 'string' },
  },
});
process.exitCode = await play({
  once: values.once,
  ...(values.report !== undefined && { reportFile: values.report }),
  ...(values.port !== undefined && { port: Number(values.port) }),
});
