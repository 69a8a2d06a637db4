import { explainCause, explainFailure } from '../../../pipeline/reports/failure.ts';

/** What a check of one's own may throw: its text reaches events, notices and pages. */
const thrown = JSON.stringify({ errorType: 'Error', errorMessage: 'one\n\u001b[31mtwo\u202ethree\u2069' });

test('the text of a check of one’s own is one line, without what a terminal or a page would obey', () => {
  expect(explainCause(thrown)).toBe('one \ufffd[31mtwo\ufffdthree\ufffd');
  expect(explainCause(JSON.stringify({ Status: 'FAILED', Cause: thrown }))).toBe('one \ufffd[31mtwo\ufffdthree\ufffd');
  const failure = { code: 'CheckFailed', cause: thrown, next: { code: 'X', what: 'the roll-back', cause: thrown } };
  expect(explainFailure(failure as never).message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});
