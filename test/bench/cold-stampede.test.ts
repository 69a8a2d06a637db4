import { measureColdStampede } from '../../bench/cold-stampede.ts';

test('a hundred readers at once that find nothing cached make one call', async () => {
  const reads = new Map((await measureColdStampede(1)).map((one) => [one.name, one]));
  expect(reads.get('get()')).toMatchObject({ reads: 100, calls: 1 });
  expect(reads.get('middy’s secrets-manager')?.calls).toBe(1);
  // The counting has teeth: the others call for each.
  expect(reads.get('Powertools getSecret()')?.calls).toBe(100);
  expect(reads.get('a bare client')?.calls).toBe(100);
});
