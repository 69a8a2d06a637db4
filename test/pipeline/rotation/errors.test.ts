import * as errors from '../../../pipeline/rotation/errors.ts';

test('each error has its own stable code; those that another try may help say so', () => {
  const made = Object.values(errors).map((Kind) => new Kind('a message'));
  expect(made.map(({ code, retryable }) => `${code}${retryable ? ', retryable' : ''}`).sort()).toEqual([
    'AdoptionFailed, retryable',
    'RollBackUnderWay, retryable',
    'RotationInGrace',
    'RotationInProgress',
    'SecretNotManaged',
    'SecretUnusable',
    'StepRefused',
    'VersionsUnrelated',
  ]);
});
