#include "live-view.h"
void live_write(struct live_view *v)
{
	live_view_say(v, "not yet");
}
