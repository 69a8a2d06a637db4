import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProcess } from '../cli/desk.ts';

test('a manifest that is not well ends the synthesis with what to write, and no stack trace', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-manifest-'));
  const path = join(folder, 'keyturn.json');
  writeFileSync(path, JSON.stringify({ secrets: { db: { kind: 'postgres', secret: { name: 'n' } } } }));
  const synthesis = await runProcess(['--conditions=keyturn-source', '--import', 'tsx', 'bin/app.ts'], {
    CDK_CONTEXT_JSON: JSON.stringify({ manifest: path }),
    CDK_OUTDIR: join(folder, 'cdk.out'),
  });
  rmSync(folder, { recursive: true });
  expect(synthesis).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'secrets["db"]: strategy "alternating-users" needs an administrator. Write "superuserSecret": "<ARN or name>", or "strategy": "single-user".\n',
  });
});
