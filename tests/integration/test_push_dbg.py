from tests.integration.test_push_safety import Database,House,ServerProcess,Wall,Story,Page,head_of,free_port,borrowed
def test_dbg(fresh_postgres_url, borrowed):
    database = Database(fresh_postgres_url); database.create_all(); house = House(database)
    server = borrowed(ServerProcess(house.database.url.render_as_string(hide_password=False), free_port()))
    wall, story = Wall(), Story(house, seed=5)
    page = Page(server.url, wall=wall)
    for _ in range(40):
        story.step()
    page.wait(lambda: wall.loaded, 'x')
    server.kill9()
    page.wait(lambda: page.is_over, "the loss of the connection")
    for _ in range(40):
        story.step()
    server.start()
    again = Page(server.url, wall=wall)
    for _ in range(20):
        story.step()
    again.reach(head_of(house))
    for p in (page, again):
        for k, m in p.heard:
            print(k, m["as_of_seq"] if k=="snapshot" else [e["seq"] for e in m["events"]] if k=="events" else (m["head_seq"], m["hash"]) if k=="heartbeat" else "")
        print('-----')
    assert wall.snapshots == 1
    database.dispose()
