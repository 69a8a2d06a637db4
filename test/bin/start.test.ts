import { type Ended, runProcess } from '../cli/desk.ts';

/** As `npm start --` runs it, in a process of its own. */
function start(...words: string[]): Promise<Ended> {
  return runProcess(['--conditions=keyturn-source', '--import', 'tsx', 'bin/start.ts', ...words]);
}

describe('npm start', () => {
  test.each([
    [['--onec'], "unknown option '--onec' (Did you mean --once?)"],
    [['once'], 'too many arguments. Expected 0 arguments but got 1.'],
    [['--report'], "option '--report <file>' argument missing."],
    [['--port', 'abc'], "option '--port <number>' argument 'abc' is invalid. Expected a number from 0 to 65535."],
    [['--port', '99999'], "option '--port <number>' argument '99999' is invalid. Expected a number from 0 to 65535."],
    [['--port', ''], "option '--port <number>' argument '' is invalid. Expected a number from 0 to 65535."],
  ])('%j is refused in one line with what was expected, and 2', async (words, reason) => {
    expect(await start(...words)).toEqual({
      code: 2,
      stdout: '',
      stderr: `npm start: ${reason} npm start -- --help lists the options.\n`,
    });
  });

  test('--help lists every option', async () => {
    const { code, stdout, stderr } = await start('--help');
    for (const option of ['--once', '--report <file>', '--port <number>']) expect(stdout).toContain(`  ${option} `);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});
