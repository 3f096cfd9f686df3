// named.mjs - what a screen reader would have no word for: controls and parts without a name.
const NAMED = new Set(['button', 'textbox', 'searchbox', 'combobox', 'checkbox', 'radio', 'tab', 'option',
	'meter', 'image', 'spinbutton', 'listbox', 'tablist', 'tabpanel', 'table', 'region',
	'navigation', 'article', 'link']);

/** The roles of those in this page; [] when all have one. */
export async function unnamed(page) {
	const session = await page.context().newCDPSession(page);
	const { nodes } = await session.send('Accessibility.getFullAXTree');
	return nodes.filter((n) => !n.ignored && NAMED.has(n.role?.value) && !n.name?.value?.trim())
		.map((n) => n.role.value);
}
