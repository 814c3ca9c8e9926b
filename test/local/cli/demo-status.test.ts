import { describe, expect, it } from 'vitest';
import { statusOf } from '../../../local/demo/follow.ts';

describe("a dispatch's status line", () => {
  it('is its status', () => {
    expect(statusOf({ status: 'running' })).toBe('running');
  });

  it('says what it waits for', () => {
    const waitingFor = { workspace: 'acme/rocket', dispatchId: '01J9ZK6W3N8R5T7V9X1Y3Z5A7B' };

    expect(statusOf({ status: 'running', waitingFor })).toBe(
      'running: waits for the workspace acme/rocket, which 01J9ZK6W3N8R5T7V9X1Y3Z5A7B has',
    );
  });
});
