import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXAMPLE_ASSEMBLY } from '../../cli/laptop/example-assembly.ts';
import { readDocument } from '../house/blocks.ts';

const page = readDocument('docs/threat-model.md');
const templatePath = join(EXAMPLE_ASSEMBLY, 'KeyturnExample.template.json');
if (!existsSync(templatePath)) throw new Error(`${templatePath} is not there. Run npm run synth first.`);
const { Resources } = JSON.parse(readFileSync(templatePath, 'utf8')) as { Resources: Record<string, any> };

/** Of the pipeline, by the construct whose role it is. */
const roles = Object.values(Resources)
  .filter(({ Type }) => Type === 'AWS::IAM::Role')
  .map(({ Metadata }) => String(Metadata?.['aws:cdk:path']).replace(/(\/Steps)?(\/Role)?\/Resource$/, ''))
  .filter((path) => path.includes('/Keyturn/') || path.includes('SchedulerRole'))
  .map((path) => path.split('/').at(-1) as string)
  .map((name) => name.replace(/ForTarget.*$/, ''));

test('the threat model tells of every role of a pipeline', () => {
  expect(roles).toEqual(expect.arrayContaining(['Rotate-postgres', 'RotateSecret', 'Audit', 'Widget']));
  expect(roles.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

test('no role may do what the threat model says that none may', () => {
  const statements = Object.values(Resources)
    .filter(
      ({ Type, Metadata }) => Type === 'AWS::IAM::Policy' && String(Metadata?.['aws:cdk:path']).includes('/Keyturn/'),
    )
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
  const actions = statements.flatMap(({ Action }) => Action as string | string[]);
  expect(actions).toContain('secretsmanager:GetSecretValue');
  const forbidden = /^iam:.*(Policy|Role)|^lambda:UpdateFunctionCode|^secretsmanager:Delete|^\*|:\*$/;
  expect(actions.filter((action) => forbidden.test(action))).toEqual([]);
});
