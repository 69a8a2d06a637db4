import { afterEach, beforeEach, describe, expect } from '@jest/globals';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import { eventually } from '../eventually.ts';
import { invoke, lambdaOf, type NewFunction, startLaptop } from './laptop.ts';
import { eventsOf, logged, make, promise } from './python-laptop.ts';

let cloud: RunningCloud;
beforeEach(async () => {
  cloud = await startLaptop();
});
afterEach(() => cloud.close());

describe('what Lambda answers for a Python function that fails', () => {
  promise('its error as AWS’s runtime shapes it, and in its log', async () => {
    await make(
      cloud,
      `class NotRotated(Exception): pass
def rotate(): raise NotRotated('no pending version')
def handler(event, context):
    rotate()`,
    );
    const answer = await invoke(cloud);
    expect(answer.FunctionError).toBe('Unhandled');
    const lines = await logged(cloud);
    const requestId = /START RequestId: (\S+)/.exec(lines.join(''))?.[1];
    expect(Object.keys(answer.payload)).toEqual(['errorMessage', 'errorType', 'requestId', 'stackTrace']);
    expect(answer.payload).toEqual({
      errorMessage: 'no pending version',
      errorType: 'NotRotated',
      requestId,
      stackTrace: [
        expect.stringMatching(/^ {2}File ".*\/index\.py", line 4, in handler\n {4}rotate\(\)\n/),
        expect.stringMatching(/^ {2}File ".*\/index\.py", line 2, in rotate\n/),
      ],
    });
    const error = lines.find((line) => line.startsWith('[ERROR]'));
    expect(error).toMatch(
      /^\[ERROR\] NotRotated: no pending version\nTraceback \(most recent call last\):\n\u00a0\u00a0File ".*", line 4, in handler\n/,
    );
    expect((await invoke(cloud)).payload.errorType).toBe('NotRotated');
    expect(lambdaOf(cloud).environments()).toHaveLength(1);
  });

  promise('a time-out, and the environment is replaced', async () => {
    await make(
      cloud,
      'import time\nn = 0\ndef handler(event, context):\n  global n\n  n += 1\n  time.sleep(event)\n  return n',
      {
        Timeout: 2,
      },
    );
    expect((await invoke(cloud, 600)).payload).toEqual({
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringMatching(/^RequestId: [0-9a-f-]{36} Error: Task timed out after 2\.00 seconds$/),
    });
    expect((await invoke(cloud, 0)).payload).toBe(1);
  });

  promise('Runtime.ExitError when the process ends, however it does', async () => {
    await make(
      cloud,
      `import os, sys
def handler(event, context):
    if event == 'kill': os.kill(os.getpid(), 9)
    print('unfinished', end='')
    sys.exit(event)`,
    );
    const endings = { '3': 'exit status 3', '"gone"': 'exit status 1', '"kill"': 'signal: killed' };
    for (const [event, ending] of Object.entries(endings)) {
      expect((await invoke(cloud, JSON.parse(event))).payload).toEqual({
        errorType: 'Runtime.ExitError',
        errorMessage: expect.stringMatching(
          new RegExp(`^RequestId: \\S+ Error: Runtime exited with error: ${ending}$`),
        ),
      });
    }
    expect((await invoke(cloud, 0)).payload.errorMessage).toMatch(/Error: Runtime exited without providing a reason$/);
    const lines = await logged(cloud, 4);
    expect(lines.filter((line) => line === 'unfinished\n')).toHaveLength(3);
    expect(lines).toContain('gone\n');
  });

  promise('what is wrong with it before its first request', async () => {
    const failures: [string, NewFunction, object][] = [
      [
        'import not_there',
        {},
        {
          errorType: 'Runtime.ImportModuleError',
          errorMessage: "Unable to import module 'index': No module named 'not_there'",
          requestId: '',
          stackTrace: [],
        },
      ],
      [
        'def other(event, context): return 1',
        {},
        { errorType: 'Runtime.HandlerNotFound', errorMessage: "Handler 'handler' missing on module 'index'" },
      ],
      [
        '',
        { Handler: 'lambda/app.handler' },
        {
          errorType: 'Runtime.ImportModuleError',
          errorMessage: "Unable to import module 'lambda/app': No module named 'lambda'",
        },
      ],
      [
        'def handler(:',
        {},
        {
          errorType: 'Runtime.UserCodeSyntaxError',
          errorMessage: expect.stringMatching(/^Syntax error in module 'index': .* \(index\.py, line 1\)$/),
        },
      ],
      [
        '',
        { Handler: 'index' },
        {
          errorType: 'Runtime.MalformedHandlerName',
          errorMessage: "Bad handler 'index': not enough values to unpack (expected 2, got 1)",
        },
      ],
      [
        '',
        { Handler: 'sys.exit' },
        {
          errorType: 'Runtime.BuiltInModuleConflict',
          errorMessage: 'Cannot use built-in module sys as a handler module',
        },
      ],
      ['raise KeyError("DB_HOST")', {}, { errorType: 'KeyError', errorMessage: "'DB_HOST'" }],
      [
        'import sys; sys.exit(4)',
        {},
        { errorType: 'Runtime.ExitError', errorMessage: expect.stringContaining('exit status 4') },
      ],
    ];
    for (const [at, [code, members, expected]] of failures.entries()) {
      await make(cloud, code, { ...members, name: `f${at}` });
      const answer = await invoke(cloud, {}, { name: `f${at}` });
      expect(answer.FunctionError).toBe('Unhandled');
      expect(answer.payload).toMatchObject(expected);
    }
    expect(lambdaOf(cloud).environments()).toEqual([]);
  });
});

describe('the log of a Python function', () => {
  const code = `import logging, subprocess, sys
logger = logging.getLogger('rotation')
def handler(event, context):
    print('printed', 1)
    print('two\\nlines')
    print('to stderr', file=sys.stderr)
    sys.stdout.buffer.write(b'bytes\\n')
    logging.getLogger().setLevel('INFO')
    logger.debug('unheard')
    logger.info('rotated %s', 'größer')
    logger.warning('two\\nlines')
    try:
        raise ValueError('bad')
    except ValueError:
        logger.exception('failed', extra={'step': 'setSecret'})
    subprocess.run(['/bin/echo', 'of a child'], check=True)
    print('unfinished', end='')
    return context.aws_request_id`;
  const time = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z';

  promise('has each printed line, and each record in AWS’s format', async () => {
    await make(cloud, code);
    const { payload: id } = await invoke(cloud);
    const lines = await logged(cloud);
    expect(lines[0]).toMatch(/^INIT_START Runtime Version: python:3\.12\.laptop\t/);
    const own = lines.slice(2).filter((line) => !/^(END|REPORT) |^of a child/.test(line));
    expect(own).toEqual([
      'printed 1\n',
      'two\n',
      'lines\n',
      'to stderr\n',
      'bytes\n',
      expect.stringMatching(new RegExp(`^\\[INFO\\]\\t${time}\\t${id}\\trotated größer\\n$`)),
      expect.stringMatching(new RegExp(`^\\[WARNING\\]\\t${time}\\t${id}\\ttwo\\nlines\\n$`)),
      expect.stringMatching(
        new RegExp(`^\\[ERROR\\]\\t${time}\\t${id}\\tfailed\\nTraceback [^]*\\nValueError: bad\\n$`),
      ),
      'unfinished\n',
    ]);
    // A child's output takes another way, and may come a moment later.
    await eventually(
      () => eventsOf(cloud),
      (all) => all.includes('of a child\n'),
    );
  });

  promise('is JSON where the function is configured so, from the configured level', async () => {
    await make(cloud, code.replace("    logging.getLogger().setLevel('INFO')\n", ''), {
      LoggingConfig: { LogFormat: 'JSON', ApplicationLogLevel: 'WARN' },
    });
    const { payload: id } = await invoke(cloud);
    const lines = await eventually(
      () => eventsOf(cloud),
      (all) => all.some((line) => line.includes('platform.report')),
    );
    const records = lines.filter((line) => line.includes('"logger"')).map((line) => JSON.parse(line));
    const shown = {
      timestamp: expect.stringMatching(new RegExp(`^${time}$`)),
      logger: 'rotation',
      requestId: id,
    };
    expect(records).toEqual([
      { ...shown, level: 'WARNING', message: 'two\nlines' },
      {
        ...shown,
        level: 'ERROR',
        message: 'failed',
        errorType: 'ValueError',
        errorMessage: 'bad',
        step: 'setSecret',
        stackTrace: [expect.stringContaining('in handler')],
        location: expect.stringMatching(/index\.py:handler:\d+$/),
      },
    ]);
  });
});
