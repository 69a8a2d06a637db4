import { readRow } from '../../../pipeline/history/story-rows.ts';

const item = (type: string, detail: string) => ({
  sk: { S: '2026-05-01T12:00:00Z#i' },
  type: { S: type },
  detail: { S: detail },
});

test('a row of a shape that is not known says nothing, and breaks nothing', () => {
  expect(readRow(item('Moon Landed', '{}'))).toEqual([]);
  expect(readRow(item('toString', '{}'))).toEqual([]);
  expect(readRow(item('Secret Promoted', '{"schemaVersion":2}'))).toEqual([]);
  expect(readRow(item('Secret Promoted', 'not JSON'))).toEqual([]);
  expect(readRow({ sk: { S: 'x' } })).toEqual([]);
});

test('events of before are still read: a consumer that converged without the time of it', () => {
  const detail = { schemaVersion: 1, id: 'i', secretArn: 'a', secretName: 's', versionId: 'v', consumer: 'shop' };
  const [row] = readRow(
    item('Consumer Converged', JSON.stringify({ ...detail, evidence: 'bound', convergenceMilliseconds: 330_000 })),
  );
  expect(row).toMatchObject({ type: 'Consumer Converged', detail: { consumer: 'shop', evidence: 'bound' } });
});
