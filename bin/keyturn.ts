import { runCommandLine } from '../cli/command-line.ts';
import { endWithReader } from '../cli/terminal/end-with-reader.ts';

endWithReader(process);
process.exitCode = await runCommandLine(process.argv.slice(2));
