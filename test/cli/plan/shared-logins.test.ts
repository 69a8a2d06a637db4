import { judgeSharedLogins } from '../../../cli/plan/shared-logins.ts';

const holder = (secret: string, username: string, host = 'db.example') => ({
  secret,
  payload: { engine: 'postgres' as const, host, username, password: 'p' },
});

test('two secrets of one manifest that hold a login, or the second of its pair, block; other databases and logins do not', () => {
  const judged = judgeSharedLogins([
    holder('one', 'app'),
    holder('two', 'app_clone'),
    holder('three', 'app', 'other.example'),
    holder('four', 'reports'),
  ]);
  expect(judged.map(({ secret, preflight: { level, code } }) => [secret, level, code])).toEqual([
    ['one', 'blocks', 'LoginShared'],
    ['two', 'blocks', 'LoginShared'],
  ]);
  expect(judged[0]!.preflight.text).toContain('one and two hold the same login, app at db.example:5432');
});
