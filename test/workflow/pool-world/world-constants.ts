/** What all dispatches and slots of a world have in common. */
export const AGENT = 'shell';
export const TASK_DEFINITION = 'arn:aws:ecs:us-east-1:000000000000:task-definition/outpost-shell:3';
export const BOUNDS = { min: 1, max: 1 };
export const TENANT = 'acme';
export const TIMEOUT_SECONDS = 60;
