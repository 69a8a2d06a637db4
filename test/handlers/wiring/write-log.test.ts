import { jest } from '@jest/globals';
import { describeError, writeLog } from '../../../handlers/wiring/write-log.ts';

let lines: string[];
const environment = process.env;
beforeEach(() => {
  lines = [];
  process.env = {
    POWERTOOLS_SERVICE_NAME: 'keyturn',
    _X_AMZN_TRACE_ID: 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1',
  };
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
});
afterEach(() => {
  jest.restoreAllMocks();
  process.env = environment;
});

test('a line is JSON with the members of Powertools’ logger, and what an error carries besides stays out', () => {
  const cause = Object.assign(new Error('refused'), { name: 'LoginRefused', password: 'hunter2' });
  const error = Object.assign(new Error('not rotated', { cause }), { secret: 'hunter2' });
  writeLog('ERROR', 'The rotation function failed.', { error: describeError(error) });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/\}\n$/);
  expect(lines[0]).not.toContain('hunter2');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 'ERROR',
    message: 'The rotation function failed.',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    service: 'keyturn',
    xray_trace_id: '1-5759e988-bd862e3fe1be46a994272793',
    error: { name: 'Error', message: 'not rotated', cause: { name: 'LoginRefused', message: 'refused' } },
  });
});

test('POWERTOOLS_LOG_LEVEL is kept to', () => {
  process.env.POWERTOOLS_LOG_LEVEL = 'ERROR';
  writeLog('WARN', 'a', {});
  writeLog('ERROR', 'b', {});
  process.env.POWERTOOLS_LOG_LEVEL = 'SILENT';
  writeLog('ERROR', 'c', {});
  expect(lines.map((line) => JSON.parse(line).message)).toEqual(['b']);
});
