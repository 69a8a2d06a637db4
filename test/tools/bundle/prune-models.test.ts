import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ClientFiles, pruneModels } from '../../../tools/bundle/prune-models.ts';

const clients = fileURLToPath(new URL('../../../node_modules/@aws-sdk/', import.meta.url));

function filesOf(client: string): ClientFiles {
  const read = (file: string) => readFileSync(join(clients, client, file), 'utf8');
  return {
    client,
    schemas: read('dist-es/schemas/schemas_0.js'),
    errors: read('dist-es/models/errors.js'),
    configuration: read('dist-es/runtimeConfig.shared.js'),
    declarationsOf: (operation) => read(`dist-types/commands/${operation}Command.d.ts`),
  };
}
const rds = filesOf('client-rds');
const ssm = filesOf('client-ssm');

const changes: [string, ClientFiles][] = [
  [
    'an error is registered in another way',
    { ...ssm, schemas: ssm.schemas.replace('[-3, n0, _PNF,', '[-3, n0, _PNF, 7,') },
  ],
  [
    'no error is registered as today',
    { ...ssm, schemas: ssm.schemas.replaceAll('n0_registry.registerError', 'register') },
  ],
  ['the class of an error is gone', { ...ssm, errors: ssm.errors.replace('class ParameterNotFound ', 'class Other ') }],
  [
    'a constant is no text',
    { ...ssm, schemas: ssm.schemas.replace('const _PNF = "ParameterNotFound"', 'const _PNF = f()') },
  ],
  ['a key comes from elsewhere', { ...ssm, schemas: `${ssm.schemas}export const other = { [_unknown]: 1 };\n` }],
  [
    'an operation has another form',
    { ...rds, schemas: rds.schemas.replace('= [9, n0, _MDBI,', '= [9, n0, 1, _MDBI,') },
  ],
  ['a command does not tell its errors', { ...rds, declarationsOf: () => '' }],
  [
    'a command tells an error without a model',
    { ...rds, declarationsOf: (name) => `${rds.declarationsOf(name)}\n * @throws {@link NobodysFault}\n` },
  ],
  [
    'the base of all errors is imported from elsewhere',
    { ...rds, schemas: rds.schemas.replace('"../models/RDSServiceException"', '"x"') },
  ],
];

test.each(changes)('generated files that have changed are refused: %s', (_what, files) => {
  expect(() => pruneModels(files)).toThrow(/client-(ssm|rds): expected .* have changed/);
});

test('members that a shape does not have, or that it requires and nobody keeps, are refused', () => {
  expect(() => pruneModels(rds, { DBInstance: ['Endpoint', 'Nothing'] })).toThrow(/Nothing of DBInstance/);
  expect(() => pruneModels(rds, { Nothing: [] })).toThrow(/a shape Nothing/);
  expect(() => pruneModels(rds, { ModifyDBInstanceMessage: ['ApplyImmediately'] })).toThrow(/ModifyDBInstanceMessage/);
});

test('errors that are tried again, or that carry more than text and numbers, stay as they are', () => {
  const dynamodb = pruneModels(filesOf('client-dynamodb'));
  expect(dynamodb?.errors).toContain('class ProvisionedThroughputExceededException ');
  expect(dynamodb?.schemas).toContain('registerError(TransactionCanceledException$, TransactionCanceledException)');
  expect(dynamodb?.errors).not.toContain('class ResourceNotFoundException ');
});

test('a protocol that is not known here is left alone', () => {
  expect(pruneModels(filesOf('client-sqs'))).toBeUndefined();
});
