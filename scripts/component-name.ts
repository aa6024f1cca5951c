/** The component as its recipe names it; the names of its variants begin with it. */
export const COMPONENT_NAME = 'community.greengrass.DeviceDefender'
